// The form of a file of fields: what separates and quotes them, and what is above and beside the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/format.h"

namespace bertune::data {

struct Dialect {
  // The meaning of the additional field, if rows have one field more than the header.
  enum class Surplus { none, row_name, empty };

  char delimiter = ',';
  char quote = '"';  // '\0': quotes are text
  bool blanks_before_quotes = false;
  std::size_t preamble = 0;  // bytes above the table: "sep=;", a title
  std::int64_t preamble_lines = 0;
  std::size_t width = 0;  // of the header, where there is a surplus
  Surplus surplus = Surplus::none;
};

// Detects the dialect from the beginning of the file. What is not as RFC 4180, or GLUE's files, have it is
// noted. `delimiter`: as given; '\0': detected. Text may stop anywhere: what stands behind its last line end
// is not looked at, unless there is no other line.
Dialect guess_dialect(const std::string& path, Format format, char delimiter, std::string_view text,
                      std::vector<std::string>& notes);

}  // namespace bertune::data
