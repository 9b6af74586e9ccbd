// A file that is being downloaded: what has arrived lies in NAME.incomplete, also after a crash, until all is
// there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/descriptor.h"

namespace bertune::hub {

class PartialFile {
 public:
  // Opens TARGET.incomplete, with what an earlier run left in it. All functions throw Error when the disk
  // fails.
  explicit PartialFile(std::filesystem::path target);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }
  void append(std::string_view bytes);
  // Forgets what has arrived.
  void restart();
  // Syncs, and gives it its name in one step.
  void finish();
  void remove();

 private:
  std::filesystem::path target_, path_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace bertune::hub
