// The frozen tables behind text/unicode/unicode.h: how the tables of unicode_tables.cpp are laid out.
#pragma once

#include <cstdint>
#include <span>

namespace bertune::text {

// The properties of a code point; the bits of PropertyRange::bits, in the order of
// tools/make_unicode_tables.py.
enum Property : std::uint16_t {
  kWhiteSpace = 1U << 0,     // separates words; cleaning turns it into a space unless it removes it
  kRemoved = 1U << 1,        // dropped by cleaning: controls, formats, private use, U+FFFD
  kCjk = 1U << 2,            // an ideograph that becomes a word of its own
  kMark = 1U << 3,           // a nonspacing mark, dropped when accents are stripped
  kPunctuation = 1U << 4,    // a word of its own
  kWord = 1U << 5,           // may not stand beside an added token of the kind `single_word`
  kDecomposes = 1U << 6,     // has a canonical decomposition
  kLowers = 1U << 7,         // has another lower-case form
  kReorders = 1U << 8,       // has a canonical combining class other than 0
  kUnicodeLetter = 1U << 9,  // \p{L} and \p{N} of byte-level BPE, by newer tables than all the others
  kUnicodeNumber = 1U << 10,
};

struct PropertyRange {
  char32_t first, last;
  std::uint16_t bits;
};

// Lower case is code point + difference for first, first + step, ..., last.
struct LowerCaseRun {
  char32_t first, last;
  std::uint32_t step;
  std::int32_t difference;
};

struct CombiningClassRange {
  char32_t first, last;
  std::uint8_t combining_class;
};

// `length` characters of decomposition_characters() from `begin`.
struct Decomposition {
  char32_t code_point;
  std::uint16_t begin;
  std::uint16_t length;
};

// All sorted by code point. Hangul syllables are not among the decompositions: they decompose by arithmetic.
std::span<const PropertyRange> property_ranges();
std::span<const LowerCaseRun> lower_case_runs();
std::span<const CombiningClassRange> combining_class_ranges();
std::span<const Decomposition> decompositions();
std::span<const char32_t> decomposition_characters();

}  // namespace bertune::text
