// Lines for a person, and data for other programs. In lines for a person the library's names of options
// become flags (cli/screen/flag_words.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bertune::cli {

// --silent: from here on there are no notes, no warnings and no progress, only errors.
void silence();

// Prints to standard error, which is never data.
void print_notes(const std::vector<std::string>& notes);
void warn(std::string_view message);
// Data on standard output, at once. Where its reader has gone (`bertune predict | head`) the program ends in
// silence, as others do; throws Error for anything else.
void write_to_standard_output(std::string_view text);

}  // namespace bertune::cli
