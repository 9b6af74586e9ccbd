// A look at a file before anybody knows what it is.
#pragma once

#include <filesystem>
#include <optional>

#include "core/file.h"

namespace bertune::tasks {

// The file, or a part of it, "data.json#train"; nothing for what is no regular file: a pipe can be read only
// once.
std::optional<MappedFile> look_into(const std::filesystem::path& path);

}  // namespace bertune::tasks
