#include "core/writing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include "core/file_error.h"
#include "core/folder.h"
#include "core/temporary_names.h"

namespace bertune::writing {
namespace {

std::atomic<Watcher*> watching{nullptr};

}  // namespace

void watch(Watcher* watcher) { watching = watcher; }

namespace {

int sync_names_in(const char* folder) {
  const Descriptor directory(::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.get() < 0 ? -1 : ::fsync(directory.get());
}

ssize_t change_once(const Change& change) {
  Watcher* const watcher = watching.load(std::memory_order_relaxed);
  return watcher == nullptr ? make(change) : watcher->make(change);
}

ssize_t changed(const Change& change) {
  for (;;) {
    const ssize_t result = change_once(change);
    if (result >= 0 || errno != EINTR) return result;
    if (change.call == Call::close) return 0;  // Linux has closed it all the same
  }
}

int changed_whole(const Change& change) { return static_cast<int>(changed(change)); }

}  // namespace

ssize_t make(const Change& change) {
  switch (change.call) {
    case Call::open:
      return ::open(change.path, change.flags, change.mode);
    case Call::write:
      return change.offset < 0
                 ? ::write(change.file, change.bytes.data(), change.bytes.size())
                 : ::pwrite(change.file, change.bytes.data(), change.bytes.size(), change.offset);
    case Call::truncate:
      return ::ftruncate(change.file, change.offset);
    case Call::chmod:
      return ::fchmod(change.file, change.mode);
    case Call::sync:
      return ::fsync(change.file);
    case Call::close:
      return change.closed->close();
    case Call::rename:
      return ::rename(change.path, change.other);
    case Call::exchange:
      return ::renameat2(AT_FDCWD, change.path, AT_FDCWD, change.other, RENAME_EXCHANGE);
    case Call::link:
      return ::link(change.path, change.other);
    case Call::symlink:
      return ::symlink(change.path, change.other);
    case Call::unlink:
      return ::unlink(change.path);
    case Call::mkdir:
      return ::mkdir(change.path, 0777);
    case Call::rmdir:
      return ::rmdir(change.path);
    case Call::sync_folder:
      return sync_names_in(change.path);
  }
  return -1;
}

int open(const fs::path& path, int flags, mode_t mode) {
  return changed_whole({.call = Call::open, .path = path.c_str(), .flags = flags, .mode = mode});
}
ssize_t write(int file, std::span<const std::byte> bytes) {
  return changed({.call = Call::write, .file = file, .bytes = bytes});
}
ssize_t pwrite(int file, std::span<const std::byte> bytes, off_t offset) {
  return changed({.call = Call::write, .file = file, .bytes = bytes, .offset = offset});
}
bool pwrite_all(int file, std::span<const std::byte> bytes, off_t offset) {
  while (!bytes.empty()) {
    errno = 0;
    const ssize_t written = pwrite(file, bytes, offset);
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
  return true;
}
int truncate(int file, off_t size) {
  return changed_whole({.call = Call::truncate, .file = file, .offset = size});
}
int chmod(int file, mode_t mode) { return changed_whole({.call = Call::chmod, .file = file, .mode = mode}); }
int sync(int file) { return changed_whole({.call = Call::sync, .file = file}); }
int close(Descriptor& file) {
  return changed_whole({.call = Call::close, .file = file.get(), .closed = &file});
}
int rename(const fs::path& from, const fs::path& to) {
  return changed_whole({.call = Call::rename, .path = from.c_str(), .other = to.c_str()});
}
int exchange(const fs::path& one, const fs::path& other) {
  return changed_whole({.call = Call::exchange, .path = one.c_str(), .other = other.c_str()});
}
int link(const fs::path& from, const fs::path& to) {
  return changed_whole({.call = Call::link, .path = from.c_str(), .other = to.c_str()});
}
int symlink(const fs::path& target, const fs::path& link) {
  return changed_whole({.call = Call::symlink, .path = target.c_str(), .other = link.c_str()});
}
int unlink(const fs::path& path) { return changed_whole({.call = Call::unlink, .path = path.c_str()}); }
int mkdir(const fs::path& path) { return changed_whole({.call = Call::mkdir, .path = path.c_str()}); }
int rmdir(const fs::path& path) { return changed_whole({.call = Call::rmdir, .path = path.c_str()}); }
int sync_folder(const fs::path& path) {
  return changed_whole({.call = Call::sync_folder, .path = path.c_str()});
}

int remove_tree(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error)))
    return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR ? 0 : errno;
  int first = 0;
  for (const fs::path& inside : readable_entries_of(path)) {
    const int failure = remove_tree(inside);
    if (first == 0) first = failure;
  }
  if (first != 0) return first;
  return rmdir(path) == 0 || errno == ENOENT ? 0 : errno;
}

void make_folders(const fs::path& path) {
  std::error_code error;
  if (path.empty() || fs::is_directory(path, error)) return;
  if (!path.has_filename()) return make_folders(path.parent_path());  // "out/"
  make_folders(path.parent_path());
  if (mkdir(path) != 0) {
    const int failure = errno;
    if (fs::is_directory(path, error)) return;  // another process was quicker
    throw_file_error("create the folder", path, failure);
  }
  sync_directory(parent_of(path));
}

}  // namespace bertune::writing
