#include "data/documents/sentences.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/utf8.h"
#include "data/files/records.h"
#include "text/unicode/unicode.h"

namespace bertune::data {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

enum class Mark { none, end, end_before_blank };

struct MarkAt {
  Mark mark = Mark::none;
  std::size_t bytes = 0;
};

MarkAt mark_of(const CodePoint& point) {
  switch (point.value) {
    case U'.':
    case U'!':
    case U'?':
    case U'…':
    case U'؟':
      return {Mark::end_before_blank, point.bytes};
    case U'。':
    case U'！':
    case U'？':
    case U'｡':
    case U'।':
    case U'॥':
    case U'۔':
      return {Mark::end, point.bytes};
    default:
      return {};
  }
}

// The first bytes of the marks above.
constexpr std::array<bool, 256> kMayBeMark = [] {
  std::array<bool, 256> table{};
  for (const unsigned char byte : {0x2E, 0x21, 0x3F, 0xE2, 0xD8, 0xE3, 0xEF, 0xE0, 0xDB}) table[byte] = true;
  return table;
}();

bool is_closer(char32_t character) {
  return std::u32string_view(U"\"')]}_*’”»›」』）】》").find(character) != std::u32string_view::npos;
}

bool is_opener(char32_t character) {
  return std::u32string_view(U"\"'([{_*“‘«‹„‚¿¡「『（【《").find(character) != std::u32string_view::npos;
}

bool is_blank(char character) { return kBlanks.find(character) != std::string_view::npos; }
bool is_digit(char32_t character) { return character >= U'0' && character <= U'9'; }
bool is_upper(char32_t character) {
  return (text::Unicode::instance().properties(character) & text::kLowers) != 0;
}

// Hebrew, Arabic, the scripts of India, Chinese, Japanese, Korean, ...
bool is_letter_without_case(char32_t character) {
  return (character >= 0x0590 && character < 0x10A0) || (character >= 0x1100 && character < 0x13A0) ||
         (character >= 0x1400 && character < 0x1C80) || (character >= 0x3040 && character < 0xA640) ||
         (character >= 0xAC00 && character < 0xFB00);
}

// The character that a sentence beginning at `text` would begin with, behind opening quotes.
char32_t first_letter(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text, i);
    if (!is_opener(point.value)) return point.value;
    i += point.bytes;
  }
  return 0;
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& sorted, std::string_view word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

constexpr std::array<std::string_view, 36> kTitles = {
    "adm", "approx", "brig", "bros", "capt", "cf",     "cmdr", "col", "cpl", "dr", "e.g", "gen",
    "gov", "hon",    "i.e",  "lt",   "maj",  "messrs", "mlle", "mm",  "mme", "mr", "mrs", "ms",
    "mt",  "ph.d",   "pres", "prof", "rep",  "rev",    "sen",  "sgt", "sr",  "st", "viz", "vs"};
constexpr std::array<std::string_view, 34> kBeforeNumbers = {
    "apr", "art", "aug",  "ca",  "ch",   "chap", "dec", "ed",   "eq",  "feb", "fig", "figs",
    "jan", "jul", "jun",  "mar", "no",   "nos",  "nov", "oct",  "op",  "p",   "par", "pp",
    "pt",  "sec", "sect", "sep", "sept", "tab",  "v",   "vers", "vol", "vols"};
static_assert(std::is_sorted(kTitles.begin(), kTitles.end()));
static_assert(std::is_sorted(kBeforeNumbers.begin(), kBeforeNumbers.end()));

// "J", "U.S", "e.g", "Ph.D": parts of one or two letters.
bool is_initials(std::string_view word) {
  if (word.size() == 1) return word[0] >= 'A' && word[0] <= 'Z';
  if (const CodePoint point = decode_utf8(word, 0); point.bytes == word.size()) return is_upper(point.value);
  if (word.find('.') == std::string_view::npos) return false;
  std::size_t part = 0;
  for (const char character : word) {
    const bool letter = (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z');
    if (character != '.' && !letter) return false;
    part = character == '.' ? 0 : part + 1;
    if (part > 2) return false;
  }
  return true;
}

// Returns whether the full stop at text[stop] belongs to the word before it. `next` is what follows the
// blanks.
bool is_abbreviation(std::string_view text, std::size_t stop, char32_t next) {
  constexpr std::size_t kLongest = 16;
  std::size_t begin = stop;
  while (begin > 0 && stop - begin < kLongest && !is_blank(text[begin - 1])) --begin;
  std::string_view word = text.substr(begin, stop - begin);
  while (!word.empty() && std::string_view("\"'([{_*").find(word[0]) != std::string_view::npos) {
    word.remove_prefix(1);
  }
  if (word.empty()) return false;
  if (std::all_of(word.begin(), word.end(),
                  [](char character) { return character >= '0' && character <= '9'; })) {
    return begin == 0 || is_digit(next);
  }
  if (is_initials(word)) return true;
  std::string lower(word);
  for (char& character : lower) character |= character >= 'A' && character <= 'Z' ? 0x20 : 0;
  return contains(kTitles, lower) || (is_digit(next) && contains(kBeforeNumbers, lower));
}

// Returns where a sentence that ends with the mark at text[i] ends; 0 when none does. `i` moves behind the
// marks.
std::size_t end_at(std::string_view text, std::size_t& i) {
  const std::size_t first = i;
  std::size_t marks = 0;
  bool always = false;
  for (; i < text.size(); ++marks) {
    const MarkAt at = mark_of(decode_utf8(text, i));
    if (at.mark == Mark::none) break;
    always |= at.mark == Mark::end;
    i += at.bytes;
  }
  if (marks == 0) {
    ++i;
    return 0;
  }
  const std::size_t behind_marks = i;
  while (i < text.size()) {
    const CodePoint point = decode_utf8(text, i);
    if (!is_closer(point.value)) break;
    i += point.bytes;
  }
  if (always) return i;
  if (i == text.size() || !is_blank(text[i])) return 0;
  const std::size_t following = text.find_first_not_of(kBlanks, i);
  if (following == std::string_view::npos) return 0;
  const char32_t next = first_letter(text.substr(following));
  if (!is_upper(next) && !is_digit(next) && !is_letter_without_case(next)) return 0;
  const bool single_stop = marks == 1 && text[first] == '.' && i == behind_marks;
  return single_stop && is_abbreviation(text, first, next) ? 0 : i;
}

}  // namespace

bool ends_sentence(std::string_view text) {
  text = trim_blanks(text);
  while (!text.empty()) {
    std::size_t last = text.size() - 1;  // where the last character begins
    while (last > 0 && text.size() - last < 4 && continues_character(text[last])) --last;
    const CodePoint point = decode_utf8(text, last);
    if (!is_closer(point.value)) return mark_of(point).mark != Mark::none;
    text.remove_suffix(text.size() - last);
  }
  return false;
}

bool SentenceSplitter::next(std::string_view& sentence) {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
  if (rest_.empty()) return false;
  for (std::size_t i = 0; i < rest_.size();) {
    if (!kMayBeMark[static_cast<unsigned char>(rest_[i])]) {
      ++i;
      continue;
    }
    if (const std::size_t end = end_at(rest_, i); end > 0) {
      sentence = rest_.substr(0, end);
      rest_.remove_prefix(end);
      return true;
    }
  }
  sentence = trim_blanks(rest_);
  rest_ = {};
  return true;
}

}  // namespace bertune::data
