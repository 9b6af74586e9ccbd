// Names of what is not finished yet, and making such files and folders durable.
#pragma once

#include <filesystem>
#include <vector>

namespace bertune {

// Beside `path` (or in `folder`): its name, ".tmp-", the number of this process, and 64 random bits. Nobody
// can have put a file or a link under it on purpose.
std::filesystem::path temporary_name(const std::filesystem::path& path);

// Whether temporary_name() made the name for one of this name.
bool is_temporary_of(const std::filesystem::path& temporary, const std::filesystem::path& name);

// Whether the name is one of ours, and the process that made it is gone.
bool is_left_behind(const std::filesystem::path& path);
// All such entries of a folder.
std::vector<std::filesystem::path> left_behind_in(const std::filesystem::path& folder);

// The folder that holds the name; "." for a name alone.
std::filesystem::path parent_of(const std::filesystem::path& path);

// A rename is durable only once the folder that holds the name is. File systems that cannot say so are taken
// at their word. Throws Error where the disk failed.
void sync_directory(const std::filesystem::path& path);

}  // namespace bertune
