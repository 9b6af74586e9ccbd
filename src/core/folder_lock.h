// One process at a time writes to a folder.
#pragma once

#include <filesystem>

#include "core/descriptor.h"

namespace bertune {

// Holds FOLDER/.lock while it lives; the folder may change places with another meanwhile, which keeps the
// file. The system lets go of it when the process ends, in whatever way. File systems without locks are not
// guarded.
class FolderLock {
 public:
  // Throws Error, naming the process that holds it.
  explicit FolderLock(const std::filesystem::path& folder);
  FolderLock(FolderLock&&) noexcept = default;
  FolderLock& operator=(FolderLock&&) noexcept = default;
  ~FolderLock();

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace bertune
