#include "core/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/writing.h"

namespace bertune {
namespace {

// The locks of this process: locks of open files do not tell one's own from another's.
std::mutex held_mutex;
std::map<fs::path, pid_t>& held() {  // and the process: a child of fork() has the list, and no lock
  static std::map<fs::path, pid_t> paths;
  return paths;
}

fs::path lock_path(const fs::path& folder) {
  std::error_code error;
  const fs::path target = fs::weakly_canonical(folder, error);
  return (error ? fs::absolute(folder) : target) / kLockFile;
}

// The holder that releases a lock removes its file: the one that was opened may be gone by the time that it
// is locked.
bool is_still_there(int file, const fs::path& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

// The number that a holder wrote into its file; 0: none is there.
int number_in(const fs::path& path) {
  try {
    const std::string text = read_file(path, 100);
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : 0;
  } catch (const Error&) {
    return 0;
  }
}

std::string holder_of(const fs::path& path) {
  const int number = number_in(path);
  return number > 0 ? fmt::format("process {}", number) : "another process";
}

}  // namespace

bool FolderLock::lock(const fs::path& folder) {
  path_ = lock_path(folder);
  for (;;) {
    file_ = Descriptor(writing::open(path_, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (file_.get() < 0) return true;  // whether the folder can be written to is found out by writing
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file_.get(), F_OFD_SETLK, &whole) != 0) {
      const bool taken = errno == EACCES || errno == EAGAIN;
      file_ = Descriptor();
      return !taken;
    }
    if (is_still_there(file_.get(), path_)) break;
  }
  const std::string number = std::to_string(::getpid());
  if (writing::truncate(file_.get(), 0) != 0 ||
      writing::pwrite(file_.get(), std::as_bytes(std::span(number)), 0) < 0) {
    // The number is for a message alone.
  }
  const std::lock_guard guard(held_mutex);
  held()[path_] = ::getpid();
  return true;
}

FolderLock::FolderLock(const fs::path& folder)
    : FolderLock() {  // so that a lock is let go of, whatever fails
  if (lock(folder)) return;
  throw Error(
      fmt::format("{}: {} is writing to this folder; wait until it has finished, or choose another one",
                  folder.string(), holder_of(path_)));
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : path_(std::move(other.path_)), file_(std::move(other.file_)) {}

FolderLock::~FolderLock() {
  if (file_.get() < 0) return;
  writing::unlink(path_);
  const std::lock_guard guard(held_mutex);
  held().erase(path_);
}

std::optional<FolderLock> FolderLock::unless_taken(const fs::path& folder) {
  FolderLock lock;
  if (!lock.lock(folder)) return std::nullopt;
  return lock;
}

// Another process may also remove the folder while it holds it, and it is made again.
FolderLock FolderLock::wait_for(const fs::path& folder, const std::stop_token& stop,
                                const std::function<void()>& on_wait,
                                std::optional<std::chrono::milliseconds> most) {
  constexpr std::chrono::milliseconds kBetween(50);
  const auto begin = std::chrono::steady_clock::now();
  for (bool waits = false;; waits = true) {
    writing::make_folders(folder);
    if (std::optional<FolderLock> lock = unless_taken(folder)) return std::move(*lock);
    if (most && std::chrono::steady_clock::now() - begin >= *most) return FolderLock(folder);
    if (!waits) on_wait();
    std::this_thread::sleep_for(kBetween);
    if (stop.stop_requested()) throw Interrupted("stopped while waiting for another process");
  }
}

std::optional<FolderLock> FolderLock::try_to_lock(const fs::path& folder) {
  FolderLock lock;
  if (!lock.lock(folder) || lock.file_.get() < 0) return std::nullopt;
  return lock;
}

std::optional<int> FolderLock::holder(const fs::path& folder) {
  const fs::path path = folder / kLockFile;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return std::nullopt;
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_OFD_GETLK, &whole) != 0 || whole.l_type == F_UNLCK) return std::nullopt;
  return number_in(path);
}

bool FolderLock::is_held_here(const fs::path& folder) {
  const std::lock_guard guard(held_mutex);
  const auto found = held().find(lock_path(folder));
  return found != held().end() && found->second == ::getpid();
}

}  // namespace bertune
