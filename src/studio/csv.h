// Fields of CSV files that the studio writes.
#pragma once

#include <string>
#include <string_view>

namespace bertune::studio {

// The field in quotes, where it needs them (RFC 4180).
inline std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos && !text.starts_with(' ') && !text.ends_with(' '))
    return std::string(text);
  std::string field = "\"";
  for (const char letter : text) field += letter == '"' ? "\"\"" : std::string(1, letter);
  return field + "\"";
}

}  // namespace bertune::studio
