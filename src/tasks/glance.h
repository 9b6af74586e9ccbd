// A look at a file before anybody knows what it is.
#pragma once

#include <filesystem>
#include <string>

namespace bertune::tasks {

// Enough for a header, or the beginning of SQuAD's JSON; empty for what is no regular file: a pipe can be
// read only once.
std::string beginning_of(const std::filesystem::path& path);

}  // namespace bertune::tasks
