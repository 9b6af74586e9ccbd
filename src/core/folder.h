// What is in folders. std::filesystem's iterators end the program where memory runs out while they read a
// name.
#pragma once

#include <filesystem>
#include <vector>

namespace bertune {

// Its entries, in no order. Throws Error where the folder cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);
// The same; none where it cannot be read.
std::vector<std::filesystem::path> readable_entries_of(const std::filesystem::path& folder);
// All that is below the folder and is none itself. Throws Error where a folder cannot be read.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

}  // namespace bertune
