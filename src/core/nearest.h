// The name that a person most likely meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bertune {

// The candidate with the smallest edit distance (ASCII case ignored), if that is at most a third of the
// word's length or 1; else empty.
std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates);

// "a", "b", "c" and how many more there are.
std::string quoted_list(const std::vector<std::string>& names, std::size_t at_most = 20);

}  // namespace bertune
