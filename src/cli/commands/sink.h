// The destination of a command's results.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "core/file.h"

namespace bertune::cli {

// Standard output, or a file that appears when all is written.
class Sink {
 public:
  explicit Sink(const std::filesystem::path& path);
  void write(std::string_view text);
  void rewrite_beginning(std::string_view text);  // of a file, with as many bytes
  void finish();

 private:
  std::optional<AtomicFile> file_;
};

}  // namespace bertune::cli
