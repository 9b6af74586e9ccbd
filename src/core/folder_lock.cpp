#include "core/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "bertune/error.h"
#include "core/file.h"

namespace bertune {
namespace {

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whoever lets go of a lock removes its file: the one that was opened may be gone by the time that it is
// locked.
bool is_still_there(int file, const fs::path& path) {
  struct stat opened {
  }, named{};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

std::string holder_of(int file) {
  struct flock lock = whole_file();
  const bool known = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0;
  return known ? fmt::format("process {}", lock.l_pid) : std::string("a process of another machine");
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder) : path_(fs::absolute(folder) / ".lock") {
  for (;;) {
    file_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (file_.get() < 0) return;  // whether the folder can be written to is found out by writing
    struct flock lock = whole_file();
    if (::fcntl(file_.get(), F_SETLK, &lock) != 0) {
      if (errno != EACCES && errno != EAGAIN) return;
      throw Error(
          fmt::format("{}: {} is writing to this folder; wait until it has finished, or choose another one",
                      folder.string(), holder_of(file_.get())));
    }
    if (is_still_there(file_.get(), path_)) return;
  }
}

FolderLock::~FolderLock() {
  if (file_.get() >= 0) ::unlink(path_.c_str());
}

}  // namespace bertune
