#include "data/files/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "data/files/decoding.h"
#include "data/files/file_part.h"
#include "data/files/json_shape.h"
#include "data/files/parquet.h"
#include "data/files/sniff.h"
#include "data/files/text_file.h"

namespace bertune::data {
namespace {

const fs::path& require_whole(const fs::path& path) {
  if (!file_part(path).part.empty()) {
    throw UsageError(
        "shard", fmt::format("{}: a member of a JSON document cannot be cut into shards; write JSON Lines",
                             path.string()));
  }
  return path;
}

}  // namespace

std::size_t left_at(std::size_t size, std::int64_t index, std::int64_t count) {
  const auto shard = static_cast<std::size_t>(index), shards = static_cast<std::size_t>(count);
  return size - size / shards * shard - size % shards * shard / shards;
}

ShardFile::ShardFile(const fs::path& path) : file_(require_whole(path)) {
  const std::string_view text = file_.text();
  if (packing_of(text) != Packing::none) {
    throw Error(
        fmt::format("{}: is compressed, and cannot be read from the midst; unpack it, or predict it "
                    "without `shard`",
                    path.string()));
  }
  if (is_parquet(text)) {
    throw Error(fmt::format(
        "{}: is a Parquet file, which cannot be cut into shards; convert it to JSON Lines, or predict "
        "it without `shard`",
        path.string()));
  }
  std::vector<std::string> notes;
  if (const std::string encoding = encoding_of(file_, path.string(), "", notes); !encoding.empty()) {
    throw Error(fmt::format("{}: is {} text, and shards are cut from UTF-8; convert it with iconv",
                            path.string(), encoding));
  }
  refuse_foreign_bytes(text, path.string());
}

std::string_view ShardFile::text() const { return file_.text().substr(byte_order_mark(file_.text())); }

std::string_view ShardFile::beginning() const {
  constexpr std::size_t kBeginning = std::size_t{1} << 20;
  const std::size_t end = text().size() <= kBeginning ? text().npos : text().find('\n', kBeginning);
  return text().substr(0, end == text().npos ? end : end + 1);
}

void ShardFile::skip(RecordParser& parser, std::string_view& input, std::size_t left) const {
  constexpr std::size_t kStep = std::size_t{64} << 20;
  while (input.size() > left) {
    parser.skip(input, std::max(left, input.size() - std::min(kStep, input.size())));
    file_.release_pages();
  }
}

ShardText::ShardText(const fs::path& path, const Shard& shard, Cut cut)
    : file_(path), cut_(cut), all_(file_.text()) {
  std::string_view input = all_;
  pass(input, left_at(all_.size(), shard.index, shard.count));
  rest_ = input;
  const std::int64_t lines = lines_before_;
  pass(input, left_at(all_.size(), shard.index + 1, shard.count));
  rest_.remove_suffix(input.size());
  lines_before_ = lines;
}

ShardText::ShardText(const fs::path& path, const Shard& shard, Format format, char delimiter)
    : file_(path), all_(file_.text()) {
  std::vector<std::string> notes;
  const std::unique_ptr<RecordParser> parser =
      make_parser(path.string(), format, delimiter, beginning(), notes);
  std::string_view input = all_;
  Record header;
  parser->next(input, true, header);
  const std::size_t size = input.size();
  first_ = all_.size() - size, first_line_ = parser->line() - 1;
  file_.skip(*parser, input, left_at(size, shard.index, shard.count));
  rest_ = input;
  lines_before_ = parser->line() - 1;
  file_.skip(*parser, input, left_at(size, shard.index + 1, shard.count));
  rest_.remove_suffix(input.size());
}

// Moves `input` to the first record that begins where at most `left` bytes are left.
void ShardText::pass(std::string_view& input, std::size_t left) {
  constexpr std::size_t kStep = std::size_t{64} << 20;
  while (input.size() > left) {
    lines_before_ += skip_lines(input, std::max(left, input.size() - std::min(kStep, input.size())));
    file_.release_pages();
  }
  if (cut_ == Cut::lines) return;
  const auto begins_sentence = [&] {
    std::string_view before = all_.substr(0, static_cast<std::size_t>(input.data() - all_.data()));
    if (before.empty()) return true;
    before.remove_suffix(1);  // the end of the line before
    return is_blank(before.substr(before.rfind('\n') + 1));
  };
  for (std::string_view line; !input.empty() && !begins_sentence(); ++lines_before_)
    take_line(input, true, line);
}

std::string ShardText::next() {
  constexpr std::size_t kPart = std::size_t{1} << 20;
  std::string_view input = rest_;
  pass(input, rest_.size() - std::min(kPart, rest_.size()));
  std::string part(rest_.substr(0, rest_.size() - input.size()));
  rest_ = input;
  return part;
}

void ShardText::go_before() {
  const auto end = static_cast<std::size_t>(rest_.data() - all_.data());
  rest_ = all_.substr(first_, end - first_);
  lines_before_ = first_line_;
}

void require_json_lines(const ShardFile& file, const fs::path& path) {
  const auto shape = shape_of_json(file.beginning(), true, path.string(), "", true);
  if (shape && shape->form == JsonForm::lines) return;
  throw Error(
      fmt::format("{}: its rows are not lines, so that it cannot be cut into shards; write JSON Lines, "
                  "an object a line",
                  path.string()));
}

Format format_of_shards(const ShardFile& file, const fs::path& path, std::optional<Format> given) {
  const Format format = given ? *given : is_json(file.beginning()) ? Format::jsonl : format_from_path(path);
  if (is_delimited(format)) return format;
  require_json_lines(file, path);
  return Format::jsonl;
}

}  // namespace bertune::data
