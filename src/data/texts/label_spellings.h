// Which spellings of a label are one label.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bertune::data {

// Returns whether each is a whole number, with or without ".0".
bool all_whole_numbers(const std::vector<std::string>& names);
// What all spellings of a label have in common: "1" of "1.0" where all labels are whole numbers, and "true"
// of "True" else. Empty: it has no other spelling.
std::string spelling(std::string_view name, bool whole_numbers);
// Of several spellings of a name the shortest stays, of as short ones the first.
void join_spellings(std::vector<std::string>& names);

}  // namespace bertune::data
