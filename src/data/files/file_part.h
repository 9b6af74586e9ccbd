// A part of a file, "data.json#train": a split of a JSON document.
#pragma once

#include <string>

#include "core/file.h"

namespace bertune::data {

struct FilePart {
  fs::path file;
  std::string part;  // empty: the whole
};

// Splits the name at its last '#', unless there is a file of the whole name, or none of what comes before it.
FilePart file_part(const fs::path& path);

}  // namespace bertune::data
