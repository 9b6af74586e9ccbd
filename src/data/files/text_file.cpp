#include "data/files/text_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <map>
#include <mutex>
#include <streambuf>
#include <utility>

#include "bertune/error.h"
#include "core/file_error.h"
#include "core/utf8.h"
#include "data/files/decoding.h"
#include "data/files/parquet.h"

namespace bertune::data {
namespace {

// "-" is standard input, for commands that take the names of files.
fs::path file_of(const fs::path& path) { return path == "-" ? fs::path("/dev/stdin") : path; }

using Bytes = std::shared_ptr<const std::string>;

// The contents of pipes, by their device and inode, while somebody wants them kept.
struct PipeMemory {
  std::mutex mutex;
  int keepers = 0;
  std::map<std::pair<dev_t, ino_t>, Bytes> read;
};
PipeMemory& pipe_memory() {
  static PipeMemory memory;
  return memory;
}

Bytes read_pipe(const fs::path& path, const struct stat& status) {
  PipeMemory& memory = pipe_memory();
  const std::lock_guard lock(memory.mutex);
  const std::pair pipe(status.st_dev, status.st_ino);
  if (const auto found = memory.read.find(pipe); found != memory.read.end()) return found->second;
  auto bytes = std::make_shared<const std::string>(read_file_or_pipe(file_of(path), std::uint64_t{1} << 36));
  if (memory.keepers > 0) memory.read.emplace(pipe, bytes);
  return bytes;
}

bool is_pipe(const fs::path& path, struct stat& status) {
  return ::stat(file_of(path).c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

class ViewStream final : public std::istream {
 public:
  explicit ViewStream(std::string_view text) : std::istream(&buffer_), buffer_(text) { rdbuf(&buffer_); }

 private:
  ViewBuffer buffer_;
};

// Texts are packed to a third or a tenth of their size, and what is packed to less than this share may be
// made to fill the memory.
constexpr std::size_t kMostTimes = 250, kHarmless = std::size_t{64} << 20;

Bytes whole(std::istream& stream, std::size_t most, const fs::path& path) {
  std::string text;
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  for (std::size_t held = 0;;) {
    text.resize(held + kBlock);
    stream.read(text.data() + held, kBlock);
    held += static_cast<std::size_t>(stream.gcount());
    text.resize(held);
    if (!stream) return std::make_shared<const std::string>(std::move(text));
    if (held <= most) continue;
    throw Error(
        fmt::format("{}: unpacks to more than {} times its size, as a file does that is made to fill the "
                    "memory; if it is none, unpack or convert it first",
                    path.string(), kMostTimes));
  }
}

// Returns the encoding that is given or marked; nothing where the text must be looked at.
std::optional<std::string> stated_encoding(const std::string& path, std::string_view text,
                                           const std::string& given, std::vector<std::string>& notes) {
  if (!given.empty()) return is_utf8(given) ? "" : given;
  const std::string_view marked = marked_encoding(text);
  if (marked.empty()) return std::nullopt;
  notes.push_back(fmt::format("{}: is {} text, by its first bytes", path, marked));
  return std::string(marked);
}

// The encoding to read by: the one given, the one marked, or the one detected, with a note. Empty: UTF-8.
std::string encoding_for(const std::string& path, std::string_view text, const std::string& given,
                         std::vector<std::string>& notes) {
  if (std::optional<std::string> stated = stated_encoding(path, text, given, notes)) return *stated;
  const std::string_view guessed = guess_encoding(text);
  if (guessed.empty()) return "";
  const ForeignLines lines = count_foreign_lines(text);
  notes.push_back(
      fmt::format("{}: is not UTF-8 ({} of {} lines): read as Windows-1252, which holds Latin-1 "
                  "(change with `encoding`)",
                  path, lines.foreign, lines.all));
  return std::string(guessed);
}

std::size_t most_unpacked(std::size_t size) { return std::max(kHarmless, kMostTimes * size); }

}  // namespace

KeptPipes::KeptPipes() {
  const std::lock_guard lock(pipe_memory().mutex);
  ++pipe_memory().keepers;
}

KeptPipes::~KeptPipes() {
  const std::lock_guard lock(pipe_memory().mutex);
  if (--pipe_memory().keepers == 0) pipe_memory().read.clear();
}

TextFile::TextFile(const fs::path& path, const std::string& encoding) {
  if (struct stat status{}; is_pipe(path, status)) {
    read_ = read_pipe(path, status);
    text_ = *read_;
  } else {
    mapped_.emplace(file_of(path));
    text_ = mapped_->text();
  }
  const auto replace_by = [&](Bytes text) {
    read_ = std::move(text);
    text_ = *read_;
    mapped_.reset();
  };
  const bool parquet = mapped_ && is_parquet(text_);
  if (parquet) replace_by(whole(*open_parquet(file_of(path)), most_unpacked(text_.size()), path));
  if (const Packing packing = packing_of(text_); packing != Packing::none) {
    const auto stream = unpacked(std::make_unique<ViewStream>(text_), packing, path.string());
    replace_by(whole(*stream, most_unpacked(text_.size()), path));
  }
  const std::string by = mapped_ ? encoding_of(*mapped_, path.string(), encoding, notes_)
                                 : encoding_for(path.string(), parquet ? "" : text_, encoding, notes_);
  if (by.empty()) return;
  const auto stream = decoded(std::make_unique<ViewStream>(text_), by, path.string());
  replace_by(whole(*stream, SIZE_MAX, path));
}

void TextFile::release_pages() const {
  if (mapped_) mapped_->release_pages();
}

std::string encoding_of(const MappedFile& file, const std::string& path, const std::string& given,
                        std::vector<std::string>& notes) {
  constexpr std::size_t kBlock = std::size_t{64} << 20;
  if (std::optional<std::string> stated = stated_encoding(path, file.text(), given, notes)) return *stated;
  for (std::string_view rest = file.text(); !rest.empty();) {
    std::size_t size = std::min(kBlock, rest.size());
    while (size < rest.size() && size > 1 && continues_character(rest[size])) --size;
    if (find_invalid_utf8(rest.substr(0, size)) != std::string_view::npos)
      return encoding_for(path, file.text(), "", notes);
    rest.remove_prefix(size);
    if (!rest.empty()) file.release_pages();
  }
  return "";
}

TextStream open_text(const fs::path& path, const std::string& encoding) {
  if (fs::is_directory(path)) throw Error(fmt::format("{}: is a folder, not a file", path.string()));
  errno = 0;
  std::unique_ptr<std::istream> file = std::make_unique<std::ifstream>(file_of(path), std::ios::binary);
  if (!*file) throw_file_error("read", path, errno);
  TextStream result;
  struct stat status {};
  if (is_pipe(path, status)) {  // what a pipe gives is not known before it gives it
    file = unpacked_by_mark(std::move(file), path.string());
    if (!encoding.empty() && !is_utf8(encoding)) file = decoded(std::move(file), encoding, path.string());
    result.stream = std::move(file);
    return result;
  }
  const MappedFile bytes(file_of(path));
  const Packing packing = packing_of(bytes.text());
  const bool parquet = is_parquet(bytes.text());
  file = parquet ? open_parquet(file_of(path)) : unpacked(std::move(file), packing, path.string());
  const std::string by = packing == Packing::none && !parquet
                             ? encoding_of(bytes, path.string(), encoding, result.notes)
                             : encoding_for(path.string(), {}, encoding, result.notes);
  if (!by.empty()) file = decoded(std::move(file), by, path.string());
  result.stream = std::move(file);
  return result;
}

}  // namespace bertune::data
