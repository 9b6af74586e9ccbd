// Text from files on its way to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace bertune {

// One line that is safe to print: line ends and tabs become blanks; control characters (escape codes among
// them), marks that reverse the direction of writing and malformed UTF-8 become visible stand-ins.
std::string printable(std::string_view text);

// Control characters, and marks that reverse the direction of writing: an override in one label would mirror
// the rest of its line.
bool is_control(char32_t code_point);

}  // namespace bertune
