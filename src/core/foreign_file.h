// What stands in a folder of a model in the place of a file, and is none: seen before the file is called
// damaged.
#pragma once

#include <string>
#include <string_view>

namespace bertune {

// What the file with this text really is, with what to do about it: a Git LFS pointer, a web page, an empty
// file. Empty when it is none of these.
std::string foreign_file_hint(std::string_view text);

}  // namespace bertune
