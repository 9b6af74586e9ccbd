// Packs bytes as they come: gzip and zstd, by the name of the file they go to.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/file.h"
#include "data/files/decoding.h"

namespace bertune::data {

// The packing that an extension names (.gz, .zst), whatever its case.
Packing packing_by_name(const fs::path& path);
// The name without such an extension.
fs::path unpacked_name(const fs::path& path);

// Returns whether it is a packed file, by its content; false for what cannot be read, or is a pipe.
bool is_packed(const fs::path& path);

class Packer {
 public:
  virtual ~Packer() = default;
  // Appends what comes of the text to `packed`, which may be nothing yet.
  virtual void add(std::string_view text, std::string& packed) = 0;
  // Appends the rest. Nothing can be added behind it.
  virtual void finish(std::string& packed) = 0;
};

// Null for Packing::none.
std::unique_ptr<Packer> make_packer(Packing packing);

}  // namespace bertune::data
