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
#include "core/writing.h"

namespace bertune {
namespace {

// Locks a temporary file while it is written, so that no other process takes it for one that was left behind:
// numbers of processes say little between containers. File systems without locks do without.
bool lock_whole(int file) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(file, F_OFD_SETLK, &whole) == 0;
}

// Removes what processes that were killed had written of the file.
void remove_left_behind(const fs::path& path) {
  for (const fs::path& found : left_behind_in(parent_of(path))) {
    if (!is_temporary_of(found, path.filename())) continue;
    const Descriptor file(writing::open(found, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0));
    if (file.get() >= 0 && lock_whole(file.get())) writing::unlink(found);
  }
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  // A path that stands for an open file must not be replaced: the text is appended, as by a shell's
  // redirection.
  const std::string name = path_.lexically_normal().string();
  if (name == "/dev/stdout" || name == "/dev/stderr" || name.starts_with("/dev/fd/") ||
      name.starts_with("/proc/")) {
    descriptor_ = Descriptor(writing::open(path_, O_WRONLY | O_APPEND | O_CLOEXEC, 0));
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
    descriptor_ = Descriptor(writing::open(path_, O_WRONLY | O_CLOEXEC, 0));
    if (descriptor_.get() < 0) throw_file_error("write", path_, errno);
    return;
  }
  remove_left_behind(path_);
  temporary_ = temporary_name(path_);
  descriptor_ =
      Descriptor(writing::open(temporary_, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL | O_NOFOLLOW, 0666));
  if (descriptor_.get() < 0) throw_file_error("write", path_, errno);
  lock_whole(descriptor_.get());
  if (exists)
    writing::chmod(descriptor_.get(),
                   status.st_mode & 07777);  // where that cannot be, the usual mode will do
}

AtomicFile::~AtomicFile() {
  if (descriptor_.get() >= 0 && !temporary_.empty()) writing::unlink(temporary_);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = writing::write(descriptor_.get(), bytes);
    if (count < 0) throw_file_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::rewrite(std::uint64_t offset, std::string_view text) {
  if (!writing::pwrite_all(descriptor_.get(), std::as_bytes(std::span(text)), static_cast<off_t>(offset)))
    throw_file_error("write", path_, errno);
}

void AtomicFile::commit() {
  const bool direct = temporary_.empty();
  const fs::path temporary = std::exchange(temporary_, {});  // from here on this function removes it
  const auto fail = [&](int error) {
    if (!direct) writing::unlink(temporary);
    throw_file_error("write", path_, error);
  };
  if (!direct && writing::sync(descriptor_.get()) != 0) fail(errno);
  if (writing::close(descriptor_) != 0) fail(errno);
  if (direct) return;
  if (writing::rename(temporary, path_) != 0) fail(errno);
  sync_directory(parent_of(path_));
}

void require_writable(const fs::path& folder) { AtomicFile(folder / "write-test"); }

void write_file_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace bertune
