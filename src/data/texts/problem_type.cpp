// Detects the task that the labels of a training set are for.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <unordered_set>

#include "data/files/records.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

struct Kinds {
  std::unordered_set<std::string_view> distinct;
  std::int64_t labels = 0, numbers = 0;  // rows
  bool lists = false, bars = false, commas = false, fractions = false, listed_numbers = true;
};

// "2,27" or "2, 27": whole numbers joined by commas.
bool is_list_of_numbers(std::string_view label) {
  for (std::string_view rest = label; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view number = trim_blanks(rest.substr(0, end));
    if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) return false;
    if (end + 1 == rest.size()) return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return !label.empty();
}

Kinds kinds_of(const Dataset& train) {
  Kinds kinds;
  for (const Row& row : train.rows) {
    if (!row.has_label) continue;
    ++kinds.labels;
    kinds.lists = kinds.lists || (row.label.starts_with('[') && row.label.ends_with(']'));
    kinds.bars = kinds.bars || row.label.find('|') != std::string_view::npos;
    kinds.commas = kinds.commas || row.label.find(',') != std::string_view::npos;
    kinds.listed_numbers = kinds.listed_numbers && is_list_of_numbers(row.label);
    const std::optional<double> value = parse_number(row.label);
    kinds.numbers += value ? 1 : 0;
    kinds.fractions = kinds.fractions || (value && *value != std::floor(*value));
    kinds.distinct.insert(row.label);
  }
  return kinds;
}

}  // namespace

ProblemTypeGuess guess_problem_type(const Dataset& train) {
  const Kinds kinds = kinds_of(train);
  constexpr auto kMultiLabel = ProblemType::multi_label_classification;
  if (!train.columns.labels.empty()) {
    return {kMultiLabel, fmt::format("multi-label classification: {} columns hold 0 or 1, each for a label",
                                     train.columns.labels.size())};
  }
  if (kinds.lists) return {kMultiLabel, "multi-label classification: labels are lists"};
  if (kinds.bars) return {kMultiLabel, "multi-label classification: labels are joined by '|'"};
  if (kinds.commas && kinds.listed_numbers)
    return {kMultiLabel, "multi-label classification: labels are numbers joined by commas"};
  constexpr std::size_t kFewValues = 10;  // half stars from 0.5 to 5 are classes
  const bool nearly_all = kinds.numbers * 20 >= kinds.labels * 19;
  if (nearly_all && kinds.fractions && kinds.distinct.size() > kFewValues) {
    const std::string others =
        kinds.numbers == kinds.labels ? "" : fmt::format(" in all but {} rows", kinds.labels - kinds.numbers);
    return {ProblemType::regression,
            fmt::format("regression: the labels are numbers with fractions{}, {} different ones", others,
                        kinds.distinct.size())};
  }
  return {ProblemType::single_label_classification,
          fmt::format("classification: {} different labels", kinds.distinct.size())};
}

}  // namespace bertune::data
