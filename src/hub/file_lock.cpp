#include "hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "bertune/error.h"
#include "core/file_error.h"
#include "core/writing.h"

namespace bertune::hub {

FileLock::FileLock(std::filesystem::path path, const std::function<void()>& on_wait,
                   const std::function<bool()>& interrupted)
    : path_(std::move(path)) {
  constexpr auto kPoll = std::chrono::milliseconds(50);
  writing::make_folders(path_.parent_path());
  for (bool waiting = false; !acquire(); waiting = true) {
    if (!waiting && on_wait) on_wait();
    if (interrupted && interrupted()) throw Interrupted("interrupted while another process was downloading");
    std::this_thread::sleep_for(kPoll);
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool FileLock::acquire() {
  // Writable for the group, as huggingface_hub has it: users of one cache wait for one another.
  const int file = writing::open(path_, O_RDWR | O_CREAT | O_CLOEXEC, 0664);
  if (file < 0) throw_file_error("lock", path_, errno);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(file);
    if (error == EWOULDBLOCK || error == EINTR) return false;
    throw_file_error("lock", path_, error);
  }
  // Its last holder may have removed it between the two calls: then this lock is on a file without a name.
  struct stat held {
  }, named{};
  if (::fstat(file, &held) != 0 || ::stat(path_.c_str(), &named) != 0 || held.st_ino != named.st_ino) {
    ::close(file);
    return acquire();
  }
  descriptor_ = file;
  return true;
}

}  // namespace bertune::hub
