// The message for a file operation that the system refused.
#pragma once

#include <filesystem>
#include <string_view>

namespace bertune {

// Throws Error "PATH: cannot DOING: REASON; what to do" (`error` is an errno).
[[noreturn]] void throw_file_error(std::string_view doing, const std::filesystem::path& path, int error);

}  // namespace bertune
