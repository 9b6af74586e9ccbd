#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/file_error.h"
#include "core/temporary_names.h"

namespace bertune {

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  // A path that stands for an open file must not be replaced: the text is appended, as by a shell's
  // redirection.
  const std::string name = path_.lexically_normal().string();
  if (name == "/dev/stdout" || name == "/dev/stderr" || name.starts_with("/dev/fd/") ||
      name.starts_with("/proc/")) {
    descriptor_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (descriptor_.get() < 0) throw_file_error("write", path_, errno);
    return;
  }
  std::error_code error;
  const fs::path target = fs::canonical(path_, error);  // a link stays a link: what it names is replaced
  if (!error) path_ = target;
  struct stat status {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  // A device or a pipe takes bytes as they come and must not be replaced by a file.
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (descriptor_.get() < 0) throw_file_error("write", path_, errno);
    return;
  }
  temporary_ = temporary_name(path_);
  descriptor_ =
      Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL | O_NOFOLLOW, 0666));
  if (descriptor_.get() < 0) throw_file_error("write", path_, errno);
  if (exists)
    ::fchmod(descriptor_.get(), status.st_mode & 07777);  // where that cannot be, the usual mode will do
}

AtomicFile::~AtomicFile() {
  if (descriptor_.get() >= 0 && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::rewrite(std::uint64_t offset, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::pwrite(descriptor_.get(), text.data(), text.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path_, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void AtomicFile::commit() {
  const bool direct = temporary_.empty();
  const fs::path temporary = std::exchange(temporary_, {});  // from here on this function removes it
  const auto fail = [&](int error) {
    if (!direct) ::unlink(temporary.c_str());
    throw_file_error("write", path_, error);
  };
  if (!direct && ::fsync(descriptor_.get()) != 0) fail(errno);
  if (descriptor_.close() != 0 && errno != EINTR) fail(errno);
  if (direct) return;
  if (::rename(temporary.c_str(), path_.c_str()) != 0) fail(errno);
  sync_directory(parent_of(path_));
}

void require_writable(const fs::path& folder) { AtomicFile(folder / "write-test"); }

void write_file_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace bertune
