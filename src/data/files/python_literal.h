// Lists and dictionaries as Python prints them, which is how they get into cells of tables.
#pragma once

#include <optional>
#include <string_view>

#include "core/json.h"

namespace bertune::data {

// "['a', 'b']", "{'text': array(['a'], dtype=object)}", "(1, 2)", "None". With `numpy` commas may be missing
// between elements: "['a' 'b']". Nothing for what is no such literal, or nested more than 32 deep.
std::optional<Json> parse_python_literal(std::string_view text, bool numpy = false);

// The value of a cell that holds JSON or a Python literal; nothing where it is neither.
std::optional<Json> parse_cell_value(std::string_view text, bool numpy = false);

}  // namespace bertune::data
