// One process at a time writes to a folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>

#include "core/descriptor.h"

namespace bertune {

// The name of the file in the folder that is locked, and holds the number of the process.
inline constexpr const char* kLockFile = ".lock";

// Holds FOLDER/.lock while it lives; the folder may change places with another meanwhile, which keeps the
// file. The system lets go of it when the process ends, in whatever way. File systems without locks are not
// guarded.
class FolderLock {
 public:
  // Throws Error, naming the process that holds it.
  explicit FolderLock(const std::filesystem::path& folder);
  FolderLock(FolderLock&&) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

  // Returns the lock, or none where another one holds it. Where there are no locks it guards nothing.
  static std::optional<FolderLock> unless_taken(const std::filesystem::path& folder);
  // Makes the folder, and waits until nobody else holds it, `most` at the longest where that is set. Calls
  // on_wait once, before the first wait. Throws Interrupted when the stop is asked for, and Error as the
  // constructor does when the time is over.
  static FolderLock wait_for(const std::filesystem::path& folder, const std::stop_token& stop,
                             const std::function<void()>& on_wait,
                             std::optional<std::chrono::milliseconds> most = {});
  // The lock where nobody else holds it, and the folder can be written to.
  static std::optional<FolderLock> try_to_lock(const std::filesystem::path& folder);
  // Returns the number of the process that holds it (0: it has not said yet), or none. Changes nothing.
  static std::optional<int> holder(const std::filesystem::path& folder);
  // Returns whether a lock of this process is held on the folder.
  static bool is_held_here(const std::filesystem::path& folder);

 private:
  FolderLock() = default;
  bool lock(const std::filesystem::path& folder);  // false: another one holds it

  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace bertune
