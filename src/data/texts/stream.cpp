// Rows from a stream: a window over the input that grows only to hold the longest record.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <istream>
#include <utility>

#include "bertune/error.h"
#include "core/arriving_lines.h"
#include "data/files/decoding.h"
#include "data/files/storage.h"
#include "data/files/text_file.h"
#include "data/texts/reader.h"
#include "data/texts/table.h"

namespace bertune::data {
namespace {

// Standard input is lines of text, unless options say otherwise.
ReadOptions of_lines(ReadOptions options) {
  if (!options.format) options.format = Format::text;
  return options;
}

TextStream given(std::istream& input, const ReadOptions& options, const std::string& name) {
  TextStream text;
  if (options.encoding.empty() || is_utf8(options.encoding)) return text;
  text.stream = decoded(std::make_unique<std::istream>(input.rdbuf()), options.encoding, name);
  return text;
}

}  // namespace

struct RowStream::Implementation {
  // `source`: null for a file.
  Implementation(TextStream text, std::istream* source, std::string name, const ReadOptions& options)
      : owned(std::move(text.stream)),
        input(owned != nullptr ? *owned : *source),
        from_file(source == nullptr),
        path(std::move(name)),
        file_notes(std::move(text.notes)),
        table(path, options),
        rows_left(options.max_rows < 0 ? INT64_MAX : options.max_rows) {
    std::string_view front = window();
    while (!table.open(front, final)) {
      begin = buffer.size() - front.size();
      fill();
      front = window();
    }
    begin = buffer.size() - front.size();
  }

  std::string_view window() const { return std::string_view(buffer).substr(begin); }

  // Drops what was read and adds a block behind the rest; a block as large as the rest, so that a long record
  // is scanned a number of times that grows with the logarithm of its length only.
  void fill() {
    constexpr std::size_t kBlock = std::size_t{256} << 10, kLongestRecord = std::size_t{256} << 20;
    buffer.erase(0, begin);
    begin = 0;
    const std::size_t held = buffer.size();
    if (held > kLongestRecord) {
      throw Error(fmt::format("{}: a record of more than {} MB; is a quote never closed?", path,
                              kLongestRecord >> 20));
    }
    std::size_t block = std::max(kBlock, held);
    if (!from_file && held < kBlock) block = std::min(block, bytes_arrived(input));
    block = std::min<std::size_t>(block, left);
    buffer.resize(held + block);
    input.read(buffer.data() + held, static_cast<std::streamsize>(block));
    const auto got = static_cast<std::size_t>(input.gcount());
    taken += got, left -= got;
    buffer.resize(held + got);
    if (input.bad()) throw Error(fmt::format("{}: cannot read: {}", path, std::strerror(errno)));
    final = got < block || left == 0;
  }

  void go_to(const ShardFile& file, const Shard& shard) {
    const std::string_view bytes = file.bytes();
    const std::string_view rest = bytes.substr(taken - window().size());
    const std::string_view part = table.cut(file, rest, shard);
    input.clear();
    input.seekg(static_cast<std::streamoff>(part.data() - bytes.data()));
    buffer.clear();
    begin = 0;
    left = part.size();
    final = left == 0;
  }

  // Reads the next row; with `wait` false, it returns false also when the row is not in the window yet.
  bool next(Row& row, bool wait = true) {
    if (rows_left == 0) return false;
    for (;;) {
      std::string_view front = window();
      const Parse parse = table.next(front, final, false, arena, row);
      begin = buffer.size() - front.size();
      if (parse == Parse::end) return false;
      if (parse == Parse::record) {
        --rows_left;
        return true;
      }
      if (!wait) return false;
      fill();
    }
  }

  std::unique_ptr<std::istream> owned;
  std::istream& input;
  bool from_file;
  std::string path;
  std::vector<std::string> file_notes;
  Table table;
  std::int64_t rows_left;
  Arena arena;
  std::string buffer;
  std::size_t begin = 0;
  std::uint64_t taken = 0, left = UINT64_MAX;  // bytes of the input
  bool final = false;
};

RowStream::RowStream(const fs::path& path, const ReadOptions& options)
    : implementation_(std::make_unique<Implementation>(open_text(file_part(path).file, options.encoding),
                                                       nullptr, path.string(), options)) {}

RowStream::RowStream(const fs::path& path, const ReadOptions& options, const Shard& shard) {
  if (!options.encoding.empty() && !is_utf8(options.encoding))
    throw UsageError("encoding", "`encoding`: shards are cut from UTF-8; convert the file with iconv");
  const ShardFile file(path);
  implementation_ =
      std::make_unique<Implementation>(open_text(path, "utf-8"), nullptr, path.string(), options);
  implementation_->go_to(file, shard);
}

RowStream::RowStream(std::istream& input, std::string name, const ReadOptions& options) {
  TextStream text = given(input, options, name);
  implementation_ =
      std::make_unique<Implementation>(std::move(text), &input, std::move(name), of_lines(options));
}

RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&&) noexcept = default;
RowStream::~RowStream() = default;

bool RowStream::next_batch(std::int64_t max_rows, std::vector<Row>& rows) {
  rows.clear();
  implementation_->arena.clear();
  Row row;
  const bool from_file = implementation_->from_file;
  while (static_cast<std::int64_t>(rows.size()) < max_rows &&
         implementation_->next(row, from_file || rows.empty()))
    rows.push_back(row);
  return !rows.empty();
}

bool RowStream::next(Row& row) {
  implementation_->arena.clear();
  return implementation_->next(row);
}

const ColumnChoice& RowStream::columns() const { return implementation_->table.columns(); }

std::vector<std::string> RowStream::notes() const {
  std::vector<std::string> notes = implementation_->file_notes;
  for (std::string& note : implementation_->table.notes()) notes.push_back(std::move(note));
  return notes;
}

}  // namespace bertune::data
