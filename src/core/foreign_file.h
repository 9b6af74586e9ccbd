// Detects files in a model's folder that are not what their name says, before they are called damaged.
#pragma once

#include <string>
#include <string_view>

namespace bertune {

// Returns what the file with this text really is, with what to do about it: a Git LFS pointer, a web page, an
// empty file. Empty when it is none of these.
std::string foreign_file_hint(std::string_view text);

}  // namespace bertune
