#include "data/texts/label_spellings.h"

#include "core/lower_case.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace bertune::data {
namespace {

// "1" of "1", "1.0" and "-0"; empty for other texts, leading zeros ("007"), and more digits than a double
// holds.
std::string whole_number(std::string_view text) {
  constexpr std::size_t kDigits = 15;
  const bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  if (const std::size_t point = digits.find('.'); point != std::string_view::npos) {
    const std::string_view zeros = digits.substr(point + 1);
    if (zeros.empty() || zeros.find_first_not_of('0') != std::string_view::npos) return {};
    digits = digits.substr(0, point);
  }
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return {};
  if (digits.size() > kDigits || (digits.size() > 1 && digits[0] == '0')) return {};
  return (negative && digits != "0" ? "-" : "") + std::string(digits);
}

// "true" of "True"; empty for what is no truth value.
std::string truth_value(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords = {"true", "false", "yes", "no"};
  std::string lower = lower_case(text);
  return std::ranges::find(kWords, lower) == kWords.end() ? std::string() : lower;
}

}  // namespace

bool all_whole_numbers(const std::vector<std::string>& names) {
  return std::ranges::none_of(names, [](const std::string& name) { return whole_number(name).empty(); });
}

std::string spelling(std::string_view name, bool whole_numbers) {
  return whole_numbers ? whole_number(name) : truth_value(name);
}

void join_spellings(std::vector<std::string>& names) {
  const bool whole_numbers = all_whole_numbers(names);
  std::map<std::string, std::string> kept;
  for (const std::string& name : names) {
    const std::string by = spelling(name, whole_numbers);
    if (by.empty()) continue;
    const auto [found, is_new] = kept.emplace(by, name);
    if (!is_new && std::pair(name.size(), name) < std::pair(found->second.size(), found->second))
      found->second = name;
  }
  std::erase_if(names, [&](const std::string& name) {
    const std::string by = spelling(name, whole_numbers);
    return !by.empty() && kept[by] != name;
  });
}

}  // namespace bertune::data
