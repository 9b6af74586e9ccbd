// Letters of ASCII in lower case, whatever the locale; all other bytes stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace bertune {

constexpr char lower_case(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) character = lower_case(character);
  return lower;
}

}  // namespace bertune
