// Text from files, as messages show it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bertune {

// Returns the text in double quotes, cut after `most` bytes at a whole code point; line ends and other
// control characters become escapes ("\n", "\x1b"), so that a message stays on its line.
std::string in_quotes(std::string_view text, std::size_t most = 60);

// A message with the control characters other than line ends made visible, as escapes.
std::string without_control_characters(std::string_view message);

}  // namespace bertune
