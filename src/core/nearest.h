// The name that a person most likely meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bertune {

// Insertions, deletions, substitutions, and two neighbors swapped, each at a cost of one; ASCII case ignored.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The candidate with the smallest edit distance (ASCII case ignored), if that is at most a third of the
// word's length or 1; else empty.
std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates);

// "a", "b", "c" and how many more there are.
std::string quoted_list(const std::vector<std::string>& names, std::size_t at_most = 20);

}  // namespace bertune
