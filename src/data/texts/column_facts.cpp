#include "data/texts/column_facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <unordered_set>

#include "core/lower_case.h"
#include "data/texts/column_names.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

std::size_t words_of(std::string_view text) {
  std::size_t words = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    words += !blank && !in_word ? 1 : 0;
    in_word = !blank;
  }
  return words;
}

// Counts characters: bytes without those that continue a character.
std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Returns the text with its digits as 0 and its letters as a.
std::string shape_of(std::string_view text) {
  std::string shape(text);
  for (char& c : shape) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) c = '0';
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) c = 'a';
  }
  return shape;
}

// Three numbers with '-', '/' or '.' between them, one of which may be the year of four digits, and maybe a
// time. Of versions, such as 1.2.3, no number has four digits.
bool is_date(std::string_view text) {
  const std::string_view date = text.substr(0, text.find_first_of(" T"));
  const std::size_t first = date.find_first_of("-/.");
  if (first == date.npos) return false;
  const std::size_t second = date.find(date[first], first + 1);
  if (second == date.npos) return false;
  const std::array parts = {date.substr(0, first), date.substr(first + 1, second - first - 1),
                            date.substr(second + 1)};
  const auto digits = [](std::string_view part) {
    return std::ranges::all_of(part, [](unsigned char c) { return std::isdigit(c) != 0; }) ? part.size() : 0;
  };
  const bool has_year = (digits(parts[0]) == 4) != (digits(parts[2]) == 4);
  const auto is_short = [&](std::string_view part) { return digits(part) == 1 || digits(part) == 2; };
  return is_short(parts[1]) && (is_short(parts[0]) || digits(parts[0]) == 4) &&
         (is_short(parts[2]) || digits(parts[2]) == 4) && (has_year || date[first] == '/');
}

std::set<std::string> word_set(const std::string& text) {
  std::set<std::string> words;
  std::istringstream stream(lower_case(text));
  for (std::string word; stream >> word;)
    if (word.size() > 3) words.insert(word);
  return words;
}

double shared_words(const std::string& first, const std::string& second) {
  const std::set<std::string> left = word_set(first), right = word_set(second);
  if (left.empty() || right.empty()) return 0;
  const auto both =
      std::ranges::count_if(left, [&](const std::string& word) { return right.contains(word); });
  return static_cast<double>(both) / static_cast<double>(std::min(left.size(), right.size()));
}

}  // namespace

ColumnFacts facts_of(const std::vector<std::string>& values) {
  ColumnFacts facts;
  facts.rows = values.size();
  facts.numbers = facts.whole = facts.ascending = facts.zero_or_one = facts.boolean = facts.dates =
      !values.empty();
  std::unordered_set<std::string_view> distinct;
  std::unordered_set<std::string> shapes;
  double length = 0, words = 0, before = -INFINITY;
  const std::string* previous = nullptr;
  for (const std::string& value : values) {
    const bool is_boolean = lower_case(value) == "true" || lower_case(value) == "false";
    facts.zero_or_one =
        facts.zero_or_one && (value == "0" || value == "1" || value == "0.0" || value == "1.0");
    facts.boolean = facts.boolean && is_boolean;
    facts.changes += previous != nullptr && *previous != value ? 1 : 0;
    previous = &value;
    if (value.empty() || lower_case(value) == "null" || lower_case(value) == "nan") continue;
    ++facts.filled;
    if (distinct.insert(value).second) shapes.insert(shape_of(value));
    facts.dates = facts.dates && is_date(value);
    length += static_cast<double>(characters_of(value));
    words += static_cast<double>(words_of(value));
    const std::optional<double> number = parse_number(value);
    facts.numbers = facts.numbers && number;
    facts.whole = facts.whole && number && *number == std::floor(*number);
    facts.ascending = facts.ascending && number && *number > before;
    if (number) before = *number;
  }
  facts.distinct = distinct.size();
  facts.uniform = distinct.size() >= 5 && shapes.size() * 4 <= distinct.size();
  facts.numbers = facts.numbers && facts.filled > 0, facts.whole = facts.whole && facts.filled > 0;
  if (facts.filled > 0) {
    facts.mean_length = length / static_cast<double>(facts.filled);
    facts.mean_words = words / static_cast<double>(facts.filled);
  }
  return facts;
}

int label_evidence(const ColumnFacts& facts) {
  constexpr std::size_t kFewNumbers = 10;
  if (facts.fullness() < 0.5 || facts.counts_rows() || facts.dates) return 0;
  const bool mixed = facts.changes * 4 >= facts.rows;
  const int more = (facts.full() ? 1 : 0) + (mixed ? 1 : 0);
  if (facts.numbers && !facts.whole && facts.distinct >= 5) return 3 + more;
  if (!facts.repeats()) return 0;
  const bool short_numbers = facts.whole && facts.distinct <= kFewNumbers;
  return 2 + (facts.zero_or_one || facts.boolean || short_numbers ? 2 : 0) + more;
}

bool say_the_same(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  std::map<std::string_view, std::string_view> there, back;
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    if (there.emplace(first[i], second[i]).first->second != second[i]) return false;
    if (back.emplace(second[i], first[i]).first->second != first[i]) return false;
  }
  return true;
}

bool belong_together(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  const std::size_t rows = std::min<std::size_t>({first.size(), second.size(), 200});
  if (rows < 4) return false;
  double beside = 0, apart = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    beside += shared_words(first[i], second[i]);
    apart += shared_words(first[i], second[(i + 1) % rows]);
  }
  return beside > 2 * apart && beside > 0.2 * static_cast<double>(rows);
}

bool is_an_example(const std::vector<std::string>& row, const std::vector<std::vector<std::string>>& below) {
  if (std::ranges::any_of(row, is_usual_name)) return false;
  bool numbered = true;  // 0, 1, 2: names that pandas gives
  for (std::size_t i = 0; i < row.size(); ++i)
    numbered = numbered && (row[i] == std::to_string(i) || row[i] == std::to_string(i + 1));
  if (numbered) return false;
  int for_it = 0, against_it = 0, short_texts = 0;
  bool comes_again = false, number_comes_again = false;
  for (std::size_t i = 0; i < std::min(row.size(), below.size()); ++i) {
    if (row[i].empty() || below[i].size() < 3) continue;
    const ColumnFacts facts = facts_of(below[i]);
    if (facts.filled * 2 < facts.rows) continue;
    const bool is_value = std::ranges::find(below[i], row[i]) != below[i].end();
    const bool again = is_value && facts.distinct * 2 <= facts.filled;
    comes_again = comes_again || again;
    number_comes_again = number_comes_again || (again && parse_number(row[i]));
    if (facts.numbers) {
      (parse_number(row[i]) ? for_it : against_it) += 1;
    } else if (facts.repeats() || facts.distinct == 1) {
      (is_value ? for_it : against_it) += 1;
    } else if (facts.is_text() && facts.mean_words >= 2.5) {
      (words_of(row[i]) >= 3 ? for_it : against_it) += 1;
      short_texts += words_of(row[i]) < 3 ? 1 : 0;
    }
  }
  // A number is no name: beside it stands a short text.
  if (row.size() == 2 && number_comes_again && against_it == short_texts) return true;
  return against_it == 0 && (for_it >= 2 || (row.size() == 2 && comes_again));
}

}  // namespace bertune::data
