// The destination of a command's results.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "core/file.h"
#include "data/files/packing.h"

namespace bertune::cli {

// Standard output, or a file that appears when all is written; packed where its name ends in .gz or .zst.
class Sink {
 public:
  explicit Sink(const std::filesystem::path& path);
  void write(std::string_view text);
  void rewrite_beginning(std::string_view text);  // of a file that is not packed, with as many bytes
  void finish();

 private:
  std::optional<AtomicFile> file_;
  std::unique_ptr<data::Packer> packer_;
};

}  // namespace bertune::cli
