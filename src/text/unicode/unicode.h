// The properties of characters that BERT's tokenizer asks of Unicode, by frozen tables: the reference
// tokenizer carries old tables of its own, and the host's library would disagree with it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "text/unicode/unicode_tables.h"

namespace bertune::text {

class Unicode {
 public:
  static const Unicode& instance();

  // The Property bits of a code point.
  std::uint16_t properties(char32_t code_point) const {
    return properties_[std::size_t{blocks_[code_point >> kBlockShift]} + (code_point & kBlockMask)];
  }

 private:
  Unicode();

  static constexpr std::uint32_t kBlockShift = 7, kBlockMask = (1U << kBlockShift) - 1;
  std::array<std::uint32_t, (0x110000 >> kBlockShift)> blocks_{};  // where a block begins in properties_
  std::vector<std::uint16_t> properties_;                          // equal blocks are stored once
};

// The lower case of a code point that has the property kLowers. U+0130 has two characters; all others have
// one.
struct LowerCase {
  std::array<char32_t, 2> characters;
  std::uint32_t length;
};
LowerCase lower_case(char32_t code_point);

// The full canonical decomposition of a code point that has the property kDecomposes, in canonical order.
struct DecomposedCharacters {
  std::array<char32_t, 4> characters;
  std::uint32_t length;
};
DecomposedCharacters decompose(char32_t code_point);

// The canonical combining class of a code point that has the property kReorders.
std::uint8_t combining_class(char32_t code_point);

}  // namespace bertune::text
