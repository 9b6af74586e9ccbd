// A lock between processes and threads, on a file: flock, as Python's filelock takes it.
#pragma once

#include <filesystem>
#include <functional>

namespace bertune::hub {

class FileLock {
 public:
  // Creates the file, and waits while another holds the lock: `on_wait` (may be empty) is called once, then
  // `interrupted` (may be empty) until it says true, which throws Interrupted. Throws Error where the file
  // cannot be made.
  FileLock(std::filesystem::path path, const std::function<void()>& on_wait,
           const std::function<bool()>& interrupted);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  bool acquire();

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace bertune::hub
