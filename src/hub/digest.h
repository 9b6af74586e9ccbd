// The checksums by which the hub names contents.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace bertune::hub {

// Returns the digest of a whole file, as hexadecimal digits. `interrupted` (may be empty) is asked now and
// then; true ends it with Interrupted. Throws Error when the file cannot be read.
std::string sha256_of(const std::filesystem::path& file, const std::function<bool()>& interrupted = {});
// The name that git gives to these contents: SHA-1 of "blob <bytes>\0" and the file.
std::string git_blob_of(const std::filesystem::path& file, const std::function<bool()>& interrupted = {});

}  // namespace bertune::hub
