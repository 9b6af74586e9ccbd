// All that changes a disk: files, names and folders. Each is one call here, so that tests can have any of
// them fail, or be the last one before the process dies or the power goes; tests/check_writing.cmake keeps
// others out of src/.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>

#include "core/descriptor.h"

namespace bertune::writing {

namespace fs = std::filesystem;

// These do what the functions of the system do that they are named after; the result is below 0, with errno,
// if one failed. A call that a signal interrupts is made again.
int open(const fs::path& path, int flags, mode_t mode);
ssize_t write(int file, std::span<const std::byte> bytes);
ssize_t pwrite(int file, std::span<const std::byte> bytes, off_t offset);
// Writes all of them, and returns whether it could; errno says why not, and is 0 where none were taken.
bool pwrite_all(int file, std::span<const std::byte> bytes, off_t offset);
int truncate(int file, off_t size);
int chmod(int file, mode_t mode);
int sync(int file);
int close(Descriptor& file);  // some file systems say only then that a write failed
int rename(const fs::path& from, const fs::path& to);
int exchange(const fs::path& one, const fs::path& other);  // both names change hands in one step
int link(const fs::path& from, const fs::path& to);
int symlink(const fs::path& target, const fs::path& link);
int unlink(const fs::path& path);
int mkdir(const fs::path& path);
int rmdir(const fs::path& path);
// Makes the names in a folder durable.
int sync_folder(const fs::path& path);

// Removes files and folders with all that they hold; the target of a link stays. Returns 0, also where there
// is none of that name, or the errno of the first that could not be removed.
int remove_tree(const fs::path& path);

// Makes the folder with those above it that are missing, all of them durable. Throws Error, naming the one
// that cannot be made.
void make_folders(const fs::path& path);

enum class Call {
  open,
  write,
  truncate,
  chmod,
  sync,
  close,
  rename,
  exchange,
  link,
  symlink,
  unlink,
  mkdir,
  rmdir,
  sync_folder
};

struct Change {
  Call call;
  const char* path = "";
  const char* other = "";  // the second name of those that take two
  int file = -1;
  std::span<const std::byte> bytes = {};
  off_t offset = -1;  // of a write, -1: where the file stands; the size of `truncate`
  int flags = 0;      // of `open`
  mode_t mode = 0;    // of `open` and `chmod`
  Descriptor* closed = nullptr;
};

// Watcher is what tests put between the program and the system.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Makes the change, or does not; returns what the function of the system would.
  virtual ssize_t make(const Change& change) = 0;
};

// Every change of the process goes to the watcher from here on; null: to the system. For tests alone.
void watch(Watcher* watcher);
// Makes the change as the system does it, for watchers.
ssize_t make(const Change& change);

}  // namespace bertune::writing
