#include "tasks/question_answering/normalize_answer.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/utf8.h"
#include "text/unicode/unicode.h"

namespace bertune::tasks {
namespace {

using text::Unicode;
using CodePoints = std::basic_string<char32_t>;

struct Range {
  char32_t first, last;
};

// Numbers that are no digits, which str.isalnum takes and the tokenizer's word property does not.
constexpr std::array<Range, 18> kNumbers{{{0xB2, 0xB3},
                                          {0xB9, 0xB9},
                                          {0xBC, 0xBE},
                                          {0x2070, 0x2070},
                                          {0x2074, 0x2079},
                                          {0x2080, 0x2089},
                                          {0x2150, 0x215F},
                                          {0x2189, 0x2189},
                                          {0x2460, 0x249B},
                                          {0x24EA, 0x24FF},
                                          {0x2776, 0x2793},
                                          {0x3192, 0x3195},
                                          {0x3220, 0x3229},
                                          {0x3248, 0x324F},
                                          {0x3251, 0x325F},
                                          {0x3280, 0x3289},
                                          {0x32B1, 0x32BF},
                                          {0x10107, 0x10133}}};

bool has(char32_t letter, std::uint16_t properties) {
  return (Unicode::instance().properties(letter) & properties) != 0;
}

// \w of Python's re, but for the underscore, which is punctuation here.
bool is_word(char32_t letter) {
  if (letter < 0x80) return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z');
  if (letter == 0x200C || letter == 0x200D) return false;
  if (has(letter, text::kWord)) return !has(letter, text::kMark);
  return std::any_of(kNumbers.begin(), kNumbers.end(),
                     [&](const Range& range) { return letter >= range.first && letter <= range.last; });
}

// str.isspace.
bool is_space(char32_t letter) {
  if (letter < 0x80)
    return letter == ' ' || (letter >= 9 && letter <= 13) || (letter >= 0x1C && letter <= 0x1F);
  return letter == 0x85 || letter == 0xA0 || letter == 0x1680 || (letter >= 0x2000 && letter <= 0x200A) ||
         letter == 0x2028 || letter == 0x2029 || letter == 0x202F || letter == 0x205F || letter == 0x3000;
}

bool is_punctuation(char32_t letter) {  // string.punctuation
  return letter > 0x20 && letter < 0x7F && !is_word(letter | 0x20);
}

CodePoints decode(std::string_view text) {
  CodePoints letters;
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint point = decode_utf8(text, position);
    letters += point.value;
    position += point.bytes;
  }
  return letters;
}

// Letters that have two cases: what lowers, and what it lowers to.
bool is_cased(char32_t letter) {
  static const std::set<char32_t> lowered = [] {
    std::set<char32_t> letters = {U'\u017F', U'\u03C2', U'\u00AA',
                                  U'\u00BA'};  // small, but of no other letter
    for (const text::LowerCaseRun& run : text::lower_case_runs()) {
      for (char32_t upper = run.first; upper <= run.last; upper += run.step)
        letters.insert(text::lower_case(upper).characters[0]);
    }
    return letters;
  }();
  return has(letter, text::kLowers) || lowered.contains(letter);
}

// Returns whether a character may stand within a word without a case of its own; only the more usual ones are
// known.
bool is_case_ignorable(char32_t letter) {
  constexpr std::u32string_view kIgnorable =
      U"'.:^`\u00a8\u00ad\u00af\u00b4\u00b7\u00b8\u2018\u2019\u2024\u2027\ufeff";
  return has(letter, text::kMark) || (letter >= 0x200B && letter <= 0x200F) ||
         kIgnorable.find(letter) != std::u32string_view::npos;
}

// A capital sigma that ends a word has a lower case of its own: Unicode's condition Final_Sigma.
bool ends_word(const CodePoints& letters, std::size_t place) {
  std::size_t before = place, after = place + 1;
  while (before > 0 && is_case_ignorable(letters[before - 1])) --before;
  while (after < letters.size() && is_case_ignorable(letters[after])) ++after;
  return before > 0 && is_cased(letters[before - 1]) &&
         (after == letters.size() || !is_cased(letters[after]));
}

CodePoints lower(const CodePoints& letters) {
  constexpr char32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2;
  CodePoints result;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (letters[i] == kCapitalSigma && ends_word(letters, i)) {
      result += kFinalSigma;
    } else if (has(letters[i], text::kLowers)) {
      const text::LowerCase lowered = text::lower_case(letters[i]);
      result.append(lowered.characters.data(), lowered.length);
    } else {
      result += letters[i];
    }
  }
  return result;
}

bool is_article(std::basic_string_view<char32_t> word) {
  return word == U"a" || word == U"an" || word == U"the";
}

}  // namespace

std::string normalize_answer(std::string_view text) {
  CodePoints letters = lower(decode(text));
  std::erase_if(letters, is_punctuation);
  std::string normalized;
  bool is_apart = false;  // white space or an article came before
  const auto append = [&](char32_t letter) {
    if (is_apart && !normalized.empty()) normalized += ' ';
    is_apart = false;
    append_utf8(normalized, letter);
  };
  for (std::size_t i = 0; i < letters.size();) {
    std::size_t end = i;
    while (end < letters.size() && is_word(letters[end])) ++end;
    const std::basic_string_view<char32_t> word(letters.data() + i, end - i);
    if (is_article(word)) {
      is_apart = true;
    } else {
      for (const char32_t letter : word) append(letter);
    }
    if (end < letters.size() && is_space(letters[end])) {
      is_apart = true;
    } else if (end < letters.size()) {
      append(letters[end]);
    }
    i = end + 1;
  }
  return normalized;
}

std::vector<std::string_view> words_of(std::string_view normalized) {
  std::vector<std::string_view> words;
  while (!normalized.empty()) {
    const std::size_t size = normalized.find(' ');
    words.push_back(normalized.substr(0, size));
    normalized.remove_prefix(size == std::string_view::npos ? normalized.size() : size + 1);
  }
  return words;
}

}  // namespace bertune::tasks
