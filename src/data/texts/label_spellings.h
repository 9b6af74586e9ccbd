// Joins the spellings of a label that mean the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bertune::data {

// Returns whether each is a whole number, with or without ".0".
bool all_whole_numbers(const std::vector<std::string>& names);
// Returns the common form of a label's spellings: "1" of "1.0" if all labels are whole numbers, and "true" of
// "True" otherwise. Empty: it has no other spelling.
std::string spelling(std::string_view name, bool whole_numbers);
// Keeps one of several spellings of a name: the shortest, and of equally short ones the first.
void join_spellings(std::vector<std::string>& names);

}  // namespace bertune::data
