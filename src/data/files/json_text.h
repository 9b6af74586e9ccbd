// JSON as other programs write it: what the standard does not know but Python, pandas and JavaScript leave in
// files is mended, and counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"

namespace bertune::data {

struct JsonMends {
  std::uint64_t numbers = 0;     // NaN, Infinity and numbers beyond the largest double: null
  std::uint64_t surrogates = 0;  // halves of a pair, "\ud800" alone: U+FFFD
  std::uint64_t all() const { return numbers + surrogates; }
};

// The text with these replaced. Takes what it changes in a text that is no JSON for what it looks like.
std::string mended_json(std::string_view text, JsonMends& mends);

// The value of one row, which may be mended. Throws Error "<where>: ..." for what is no JSON and for more
// than 32 levels.
Json parse_json_row(std::string_view text, const std::string& where, JsonMends& mends);

}  // namespace bertune::data
