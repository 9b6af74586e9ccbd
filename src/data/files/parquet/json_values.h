// Values of Arrow's arrays as JSON.
#pragma once

#include <arrow/api.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::data {

using Json = nlohmann::json;

// The way in which the values of a column, or of a part of it, become JSON; made once per file.
struct ValueForm {
  std::vector<std::string> labels;  // JSON of the names of a ClassLabel, whose values are their numbers
  std::vector<std::string> keys;    // of a struct: "\"name\":"
  std::vector<ValueForm> parts;     // of the fields of a struct, the items of a list, or a dictionary
};

// `feature`: what Hugging Face's `datasets` has written about the column; null where it has not. `column`:
// for messages; empty for the struct of all columns. Throws std::runtime_error naming the column where values
// of its type cannot become JSON.
ValueForm form_of(const arrow::DataType& type, const Json& feature, const std::string& column);

// Appends the value of a row to `out`. Bytes that are not UTF-8 are kept.
void append_value(const arrow::Array& values, std::int64_t row, const ValueForm& form, std::string& out);

void append_text(std::string_view text, std::string& out);

}  // namespace bertune::data
