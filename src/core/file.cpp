#include "core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/descriptor.h"
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

// Opens without waiting for a writer of a pipe, which is refused afterwards.
Descriptor open_regular(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) throw_file_error("read", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_file_error("read", path, errno);
  if (S_ISDIR(status.st_mode)) throw Error(fmt::format("{}: is a folder, not a file", path.string()));
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("{}: is not a regular file", path.string()));
  return file;
}

std::string read_all(const Descriptor& file, const fs::path& path, std::uint64_t max_bytes) {
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

// The mapped files, for mapped_file_at. Those beyond the table are nameless.
struct Mapping {
  std::atomic<const std::byte*> begin{nullptr};
  std::atomic<std::size_t> size{0};
  std::array<char, 256> name{};
};
std::array<Mapping, 64> mappings;

void note_mapping(const std::byte* data, std::size_t size, const fs::path& path) {
  for (Mapping& mapping : mappings) {
    const std::byte* none = nullptr;
    if (!mapping.begin.compare_exchange_strong(none, data)) continue;
    const std::string name = path.string().substr(0, mapping.name.size() - 1);
    std::ranges::copy(name, mapping.name.begin());
    mapping.name[name.size()] = '\0';
    mapping.size = size;
    return;
  }
}

void forget_mapping(const std::byte* data) {
  for (Mapping& mapping : mappings) {
    if (mapping.begin.load() != data) continue;
    mapping.size = 0;
    mapping.begin = nullptr;
    return;
  }
}

}  // namespace

const char* mapped_file_at(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  for (const Mapping& mapping : mappings) {
    const std::byte* begin = mapping.begin.load();
    if (begin != nullptr && at >= begin && at < begin + mapping.size.load()) return mapping.name.data();
  }
  return nullptr;
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file = open_regular(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_file_error("read", path, errno);
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) throw_file_error("read", path, errno);
  data_ = static_cast<const std::byte*>(data);
  note_mapping(data_, size_, path);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  forget_mapping(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release_pages() const {
  if (data_ != nullptr) ::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

bool path_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string read_file(const fs::path& path, std::uint64_t max_bytes) {
  return read_all(open_regular(path), path, max_bytes);
}

std::string read_file_or_pipe(const fs::path& path, std::uint64_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_file_error("read", path, errno);
  return read_all(file, path, max_bytes);
}

std::size_t read_at(const Descriptor& file, std::uint64_t offset, std::span<char> into) {
  std::size_t size = 0;
  while (size < into.size()) {
    const std::span<char> rest = into.subspan(size);
    const ssize_t got = ::pread(file.get(), rest.data(), rest.size(), static_cast<off_t>(offset + size));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

std::uint64_t free_disk_bytes(const fs::path& path) {
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  while (!at.empty() && !fs::exists(at, error) && at != at.root_path()) at = at.parent_path();
  const fs::space_info space = fs::space(at, error);
  return error ? 0 : space.available;
}

}  // namespace bertune
