// Rows of any kind as the texts by which they are compared, grouped and divided.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "data/texts/reader.h"

namespace bertune::data {

// The texts of a row that are compared. The second text is empty where there is only one.
struct TextPair {
  std::string_view first, second;
};

// A view of the rows of a set, which must outlive it and stay where it is. Many threads may call the
// functions.
struct Texts {
  std::string path;       // as given, for messages
  std::int64_t size = 0;  // rows
  // The number of texts of a row that should hold something, as far as the reader lets empty ones pass.
  std::int64_t required = 0;
  std::function<TextPair(std::int64_t row)> texts;
  std::function<std::optional<std::string_view>(std::int64_t row)> label;  // empty: rows have none
  std::function<std::int64_t(std::int64_t row)> line;  // where the row begins, from 1; 0: not known
  std::function<std::string(std::int64_t row)> where;  // "file:line", for messages

  std::optional<std::string_view> label_of(std::int64_t row) const {
    return label ? label(row) : std::nullopt;
  }
  // The class of a row when rows are divided class by class; "" where it has none.
  std::string_view class_of(std::int64_t row) const { return label_of(row).value_or(std::string_view()); }
};

Texts texts_of(const Dataset& dataset);

// Returns 16 hexadecimal digits by which the same texts are known again.
std::string hash_of(std::string_view first, std::string_view second);

}  // namespace bertune::data
