// BERT's normalization as a stream: code points in, normalized characters out, each with the place in the
// text that it stands for. No normalized copy of the text is made.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/unicode/unicode.h"

namespace bertune::text {

struct NormalizerOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};

// A normalized character and the bytes [begin, end) of the text that it stands for.
struct NormalizedCharacter {
  char32_t value;
  std::uint32_t begin, end;
};

// The next code point of valid UTF-8; moves `position` behind it.
inline char32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[position + i]));
  };
  const std::uint32_t first = byte(0);
  std::uint32_t value = 0;
  if (first < 0x80) {
    value = first;
    position += 1;
  } else if (first < 0xE0) {
    value = ((first & 0x1F) << 6) | (byte(1) & 0x3F);
    position += 2;
  } else if (first < 0xF0) {
    value = ((first & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
    position += 3;
  } else {
    value = ((first & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) | (byte(3) & 0x3F);
    position += 4;
  }
  return value;
}

// The run of marks that is being put into canonical order. Kept between texts, so that its memory is.
struct MarkRun {
  struct Mark {
    char32_t value;
    std::uint16_t properties;
    std::uint8_t combining_class;
    bool added;  // by decomposition, behind the first character
  };
  struct Place {
    std::uint32_t begin, end;
  };
  std::vector<Mark> marks;
  std::vector<Place> places;  // of the code points that the marks came from
};

// Emit is called as emit(NormalizedCharacter, properties of its value).
template <typename Emit>
class Normalizer {
 public:
  Normalizer(const NormalizerOptions& options, MarkRun& run, Emit& emit)
      : unicode_(Unicode::instance()), options_(options), run_(run), emit_(emit) {
    if (options.clean_text) changing_ |= kRemoved | kWhiteSpace;
    if (options.handle_chinese_chars) changing_ |= kCjk;
    if (options.strip_accents) changing_ |= kMark | kDecomposes | kReorders;
    if (options.lowercase) changing_ |= kLowers;
  }

  // `text` must be valid UTF-8; it lies at byte `base` of the whole text.
  void normalize(std::string_view text, std::uint32_t base) {
    run_.marks.clear();
    run_.places.clear();
    std::size_t position = 0;
    while (position < text.size()) {
      const auto begin = static_cast<std::uint32_t>(position);
      const char32_t value = next_code_point(text, position);
      const std::uint16_t properties = unicode_.properties(value);
      const NormalizedCharacter character{value, base + begin, base + static_cast<std::uint32_t>(position)};
      if ((properties & changing_) == 0 && run_.marks.empty()) {
        last_ = {character.begin, character.end};
        emit_(character, properties);
      } else {
        clean(character, properties);
      }
    }
    flush();
  }

 private:
  void clean(NormalizedCharacter character, std::uint16_t properties) {
    if (options_.clean_text) {
      if ((properties & kRemoved) != 0) return;
      if ((properties & kWhiteSpace) != 0) {
        character.value = U' ';
        properties = kWhiteSpace;
      }
    }
    if (options_.handle_chinese_chars && (properties & kCjk) != 0) {
      const NormalizedCharacter space{U' ', character.begin, character.end};
      accents(space, kWhiteSpace);
      accents(character, properties);
      accents(space, kWhiteSpace);
    } else {
      accents(character, properties);
    }
  }

  void accents(const NormalizedCharacter& character, std::uint16_t properties) {
    if (!options_.strip_accents) {
      lower(character, properties);
    } else if ((properties & (kDecomposes | kReorders)) == 0) {
      if (!run_.marks.empty()) flush();
      if ((properties & kMark) == 0) lower(character, properties);
      last_ = {character.begin, character.end};
    } else {
      decompose_into_run(character, properties);
    }
  }

  void decompose_into_run(const NormalizedCharacter& character, std::uint16_t properties) {
    if ((properties & kDecomposes) == 0) {
      add_to_run(character, character.value, properties, false);
      return;
    }
    const DecomposedCharacters pieces = decompose(character.value);
    for (std::uint32_t i = 0; i < pieces.length; ++i) {
      add_to_run(character, pieces.characters[i], unicode_.properties(pieces.characters[i]), i > 0);
    }
  }

  // The reference keeps places by position, not by character: canonical reordering moves the characters of a
  // run of marks while the places stay, and a character that decomposition added takes the place before it.
  void add_to_run(const NormalizedCharacter& source, char32_t value, std::uint16_t properties, bool added) {
    const std::uint8_t order = (properties & kReorders) != 0 ? combining_class(value) : std::uint8_t{0};
    if (order == 0) flush();
    run_.marks.push_back({value, properties, order, added});
    if (!added) run_.places.push_back({source.begin, source.end});
    if (order == 0) flush();
  }

  void flush() {
    if (run_.marks.size() > 1) {
      std::stable_sort(run_.marks.begin(), run_.marks.end(),
                       [](const MarkRun::Mark& a, const MarkRun::Mark& b) {
                         return a.combining_class < b.combining_class;
                       });
    }
    std::size_t place = 0;
    for (const MarkRun::Mark& mark : run_.marks) {
      if (!mark.added) last_ = run_.places[place++];
      if ((mark.properties & kMark) == 0) lower({mark.value, last_.begin, last_.end}, mark.properties);
    }
    run_.marks.clear();
    run_.places.clear();
  }

  void lower(const NormalizedCharacter& character, std::uint16_t properties) {
    if (!options_.lowercase || (properties & kLowers) == 0) {
      emit_(character, properties);
      return;
    }
    const LowerCase lowered = lower_case(character.value);
    for (std::uint32_t i = 0; i < lowered.length; ++i) {
      const char32_t value = lowered.characters[i];
      emit_(NormalizedCharacter{value, character.begin, character.end}, unicode_.properties(value));
    }
  }

  const Unicode& unicode_;
  const NormalizerOptions& options_;
  MarkRun& run_;
  Emit& emit_;
  std::uint16_t changing_ = 0;  // the properties of characters that are not simply passed on
  MarkRun::Place last_{0, 0};   // of the last code point behind which nothing can move
};

}  // namespace bertune::text
