#include "data/files/text_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <mutex>
#include <streambuf>
#include <utility>

#include "bertune/error.h"
#include "core/file_error.h"
#include "data/files/decoding.h"

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

std::shared_ptr<const std::string> whole(std::istream& stream) {
  std::string text;
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  for (std::size_t held = 0;;) {
    text.resize(held + kBlock);
    stream.read(text.data() + held, kBlock);
    held += static_cast<std::size_t>(stream.gcount());
    text.resize(held);
    if (!stream) return std::make_shared<const std::string>(std::move(text));
  }
}

// The encoding to read by: the one given, the one marked, or the one detected, with a note. Empty: UTF-8.
std::string encoding_for(const std::string& path, std::string_view text, const std::string& given,
                         std::vector<std::string>& notes) {
  if (!given.empty()) return is_utf8(given) ? "" : given;
  if (const std::string_view marked = marked_encoding(text); !marked.empty()) {
    notes.push_back(fmt::format("{}: is {} text, by its first bytes", path, marked));
    return std::string(marked);
  }
  const std::string_view guessed = guess_encoding(text);
  if (guessed.empty()) return "";
  const ForeignLines lines = count_foreign_lines(text);
  notes.push_back(
      fmt::format("{}: is not UTF-8 ({} of {} lines): read as Windows-1252, which holds Latin-1 "
                  "(change with `encoding`)",
                  path, lines.foreign, lines.all));
  return std::string(guessed);
}

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
  const auto replace_by = [this](std::istream& stream) {
    read_ = whole(stream);
    text_ = *read_;
    mapped_.reset();
  };
  if (const Packing packing = packing_of(text_); packing != Packing::none)
    replace_by(*unpacked(std::make_unique<ViewStream>(text_), packing, path.string()));
  if (const std::string by = encoding_for(path.string(), text_, encoding, notes_); !by.empty())
    replace_by(*decoded(std::make_unique<ViewStream>(text_), by, path.string()));
}

void TextFile::release_pages() const {
  if (mapped_) mapped_->release_pages();
}

TextStream open_text(const fs::path& path, const std::string& encoding) {
  if (fs::is_directory(path)) throw Error(fmt::format("{}: is a folder, not a file", path.string()));
  errno = 0;
  std::unique_ptr<std::istream> file = std::make_unique<std::ifstream>(file_of(path), std::ios::binary);
  if (!*file) throw_file_error("read", path, errno);
  TextStream result;
  struct stat status {};
  if (is_pipe(path, status)) {  // what a pipe gives is not known before it gives it
    if (!encoding.empty() && !is_utf8(encoding)) file = decoded(std::move(file), encoding, path.string());
    result.stream = std::move(file);
    return result;
  }
  const MappedFile bytes(file_of(path));
  const Packing packing = packing_of(bytes.text());
  file = unpacked(std::move(file), packing, path.string());
  const std::string_view known = packing == Packing::none ? bytes.text() : std::string_view();
  if (const std::string by = encoding_for(path.string(), known, encoding, result.notes); !by.empty())
    file = decoded(std::move(file), by, path.string());
  result.stream = std::move(file);
  return result;
}

}  // namespace bertune::data
