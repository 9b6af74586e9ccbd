// TensorBoard's event files: records of a length, its checksum, a protocol buffer, and its checksum, each as
// soon as it is known, so that a page that watches the file shows a run while it goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/descriptor.h"

namespace bertune::report {

std::uint32_t crc32c(std::string_view bytes);  // Castagnoli's polynomial, as RFC 3720 has it

class EventFile {
 public:
  // Makes "events.out.tfevents.SECONDS.HOST.PROCESS.0" in the folder. Throws Error where it cannot.
  explicit EventFile(const std::filesystem::path& folder);

  using Scalar = std::pair<std::string, double>;  // "train/loss", 0.3
  // Write one event each; the second shows in TensorBoard's "Text". Throw Error where the disk is full.
  void add_scalars(std::int64_t step, std::span<const Scalar> scalars);
  void add_text(const std::string& tag, const std::string& text);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write_record(const std::string& event);

  std::filesystem::path path_;
  Descriptor file_;
};

// Returns the folder of a run's events, as the Trainer names it: $TENSORBOARD_LOGGING_DIR (and there a folder
// for each of several runs, whose names are not empty), or OUTPUT/runs/Nov30_01-07-12_HOST.
std::filesystem::path events_folder(const std::filesystem::path& output, const std::string& run = {});

}  // namespace bertune::report
