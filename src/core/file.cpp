#include "core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/file_error.h"

namespace bertune {

void throw_file_error(std::string_view doing, const fs::path& path, int error) {
  std::string hint;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    hint = "; free some space or choose another place";
  if (error == EACCES || error == EROFS || error == EPERM)
    hint = "; check the permissions or choose another place";
  throw Error(fmt::format("{}: cannot {}: {}{}", path.string(), doing, std::strerror(error), hint));
}

namespace {

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// A rename is durable only once the folder that holds the name is.
void sync_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// "out/" names the folder "out": a temporary name is made from it.
fs::path without_trailing_slash(fs::path path) {
  return path.has_filename() || !path.has_relative_path() ? path : path.parent_path();
}

constexpr std::string_view kTemporary = ".tmp-";  // and the number of the process

fs::path temporary_name(const fs::path& path) {
  return fs::path(path.string() + fmt::format("{}{}", kTemporary, ::getpid()));
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_file_error("read", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_file_error("read", path, errno);
  if (S_ISDIR(status.st_mode)) throw Error(fmt::format("{}: is a folder, not a file", path.string()));
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("{}: is not a regular file", path.string()));
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) throw_file_error("read", path, errno);
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release_pages() const {
  if (data_ != nullptr) ::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

bool path_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string read_file(const fs::path& path, std::uint64_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_file_error("read", path, errno);
  std::string text;
  std::vector<char> chunk(1 << 16);
  for (;;) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", path, errno);
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > max_bytes) {
      throw Error(
          fmt::format("{}: larger than the {} bytes that such a file may have", path.string(), max_bytes));
    }
  }
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  const fs::path target = fs::canonical(path_, error);  // a link stays a link: what it names is replaced
  if (!error) path_ = target;
  // A device or a pipe takes bytes as they come and must not be replaced by a file.
  const bool replaceable = !fs::exists(path_, error) || fs::is_regular_file(path_, error);
  if (replaceable) temporary_ = temporary_name(path_);
  descriptor_ = ::open(replaceable ? temporary_.c_str() : path_.c_str(),
                       O_WRONLY | O_CLOEXEC | (replaceable ? O_CREAT | O_TRUNC : 0), 0644);
  if (descriptor_ < 0) throw_file_error("write", path_, errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::rewrite(std::uint64_t offset, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::pwrite(descriptor_, text.data(), text.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path_, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) {
    ::close(std::exchange(descriptor_, -1));
    return;
  }
  if (::fsync(descriptor_) != 0) throw_file_error("write", path_, errno);
  ::close(std::exchange(descriptor_, -1));
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    throw_file_error("write", path_, error);
  }
  sync_directory(parent_of(path_));
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void require_writable(const fs::path& folder) { AtomicFile(folder / "write-test"); }

AtomicDirectory::AtomicDirectory(fs::path path)
    : path_(without_trailing_slash(std::move(path))), staging_(temporary_name(path_)) {
  std::error_code error;
  fs::remove_all(staging_, error);
  fs::create_directories(staging_, error);
  if (error) throw_file_error("create the folder", path_, error.value());
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staging_, ignored);
}

void AtomicDirectory::commit() {
  sync_directory(staging_);
  if (::rename(staging_.c_str(), path_.c_str()) == 0) {  // no such folder yet, or an empty one
    committed_ = true;
    sync_directory(parent_of(path_));
    return;
  }
  // Both names change hands in one step; from then on the staging name holds the old folder.
  if (::renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0) {
    throw_file_error("replace the folder", path_, errno);
  }
  committed_ = true;
  sync_directory(parent_of(path_));
  for (const auto& entry : fs::directory_iterator(staging_)) {
    const fs::path kept = path_ / entry.path().filename();
    std::error_code error;
    if (!fs::exists(kept, error)) fs::rename(entry.path(), kept, error);
    if (error) throw_file_error("carry over", entry.path(), error.value());
  }
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
}

bool is_temporary(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t mark = name.rfind(kTemporary), number = mark + kTemporary.size();
  return mark != name.npos && number < name.size() &&
         name.find_first_not_of("0123456789", number) == name.npos;
}

std::uint64_t free_disk_bytes(const fs::path& path) {
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  while (!at.empty() && !fs::exists(at, error) && at != at.root_path()) at = at.parent_path();
  const fs::space_info space = fs::space(at, error);
  return error ? 0 : space.available;
}

}  // namespace bertune
