// Lists the contents of folders. std::filesystem's iterators end the program where memory runs out while they
// read a name.
#pragma once

#include <filesystem>
#include <vector>

namespace bertune {

// Returns the entries of a folder, in no order. Throws Error where the folder cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);
// The same; none where it cannot be read.
std::vector<std::filesystem::path> readable_entries_of(const std::filesystem::path& folder);
// Returns the files below the folder that are not folders themselves. Throws Error where a folder cannot be
// read.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

}  // namespace bertune
