#include "data/texts/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "core/quoted.h"

namespace bertune::data {
namespace {

bool all_numbers(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return parse_number(name).has_value(); });
}

// By value, one name a value: of "1" and "1.0" the shorter.
void sort_numbers(std::vector<std::string>& names) {
  std::vector<std::pair<double, std::string>> values;
  for (std::string& name : names) values.emplace_back(*parse_number(name), std::move(name));
  std::sort(values.begin(), values.end(), [](const auto& left, const auto& right) {
    if (left.first != right.first) return left.first < right.first;
    if (left.second.size() != right.second.size()) return left.second.size() < right.second.size();
    return left.second < right.second;
  });
  names.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i == 0 || values[i].first != values[i - 1].first) names.push_back(std::move(values[i].second));
  }
}

std::vector<std::string> distinct_labels(const Dataset& dataset, const LabelOptions& options) {
  std::unordered_set<std::string> seen;
  const char separator =
      options.separator == '\0' && options.multi_label ? guess_separator(dataset) : options.separator;
  for (const Row& row : dataset.rows) {
    if (!row.has_label) continue;
    if (options.multi_label) {
      for (std::string& label : split_labels(row.label, separator, dataset.where(row)))
        seen.insert(std::move(label));
    } else {
      seen.emplace(row.label);
    }
  }
  std::vector<std::string> names(seen.begin(), seen.end());
  sort_names(names);
  return names;
}

void check_classes(const Dataset& train, const std::vector<std::string>& names, bool multi_label) {
  const std::string column = train.columns.label.name;
  if (names.empty()) throw Error(fmt::format("{}: no row has a label (column \"{}\")", train.path, column));
  if (names.size() == 1 && !multi_label) {
    throw Error(
        fmt::format("{}: all {} rows have the label \"{}\" (column \"{}\"); a classifier needs at least two "
                    "classes to tell apart",
                    train.path, train.size(), names[0], column));
  }
  constexpr std::size_t kMany = 10000, kToyClasses = 10;
  const bool mostly_distinct = names.size() > kToyClasses && names.size() * 2 > train.rows.size();
  if (names.size() > kMany || (mostly_distinct && !multi_label)) {
    throw Error(fmt::format(
        "{}: column \"{}\" holds {} different labels in {} rows; is it the right column "
        "(`label_column`)? Columns: {}. If these are numbers to be predicted, ask for a regression",
        train.path, column, names.size(), train.size(), quoted_list(train.columns.all)));
  }
}

}  // namespace

bool are_default_names(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != fmt::format("LABEL_{}", i)) return false;
  }
  return true;
}

// Byte order of UTF-8 is the order of code points.
void sort_names(std::vector<std::string>& names) {
  if (all_numbers(names)) {
    sort_numbers(names);
  } else {
    std::sort(names.begin(), names.end());
  }
}

std::string unknown_label(const std::string& where, std::string_view label, const LabelMap& labels) {
  const std::string_view near = nearest(label, labels.id2label());
  const std::string meant = near.empty() ? "" : fmt::format(" (did you mean {}?)", in_quotes(near));
  return fmt::format("{}: the label {} is not one of those trained on{}; known: {}", where, in_quotes(label),
                     meant, quoted_list(labels.id2label()));
}

LabelMap::LabelMap(std::vector<std::string> id2label) : id2label_(std::move(id2label)) {
  for (std::size_t i = 0; i < id2label_.size(); ++i) {
    if (!ids_.emplace(id2label_[i], static_cast<std::int32_t>(i)).second) {
      throw Error(fmt::format("the label \"{}\" occurs twice among the names of the classes", id2label_[i]));
    }
  }
  if (!all_numbers(id2label_)) return;
  for (std::size_t i = 0; i < id2label_.size(); ++i) {
    values_.emplace(*parse_number(id2label_[i]), static_cast<std::int32_t>(i));
  }
}

std::optional<std::int32_t> LabelMap::id_of(std::string_view label) const {
  if (const auto found = ids_.find(std::string(label)); found != ids_.end()) return found->second;
  if (values_.empty()) return std::nullopt;
  const std::optional<double> value = parse_number(label);
  if (!value) return std::nullopt;
  const auto found = values_.find(*value);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

LabelMap build_label_map(const Dataset& train, const LabelOptions& options) {
  if (!options.given.empty() && !are_default_names(options.given)) return LabelMap(options.given);
  std::vector<std::string> names = distinct_labels(train, options);
  check_classes(train, names, options.multi_label);
  return LabelMap(std::move(names));
}

std::vector<std::int32_t> label_ids(const Dataset& dataset, const LabelMap& labels) {
  std::vector<std::int32_t> ids;
  ids.reserve(dataset.rows.size());
  for (const Row& row : dataset.rows) {
    if (!row.has_label) throw Error(fmt::format("{}: no label", dataset.where(row)));
    const std::optional<std::int32_t> id = labels.id_of(row.label);
    if (!id) throw Error(unknown_label(dataset.where(row), row.label, labels));
    ids.push_back(*id);
  }
  return ids;
}

std::vector<float> multi_label_targets(const Dataset& dataset, const LabelMap& labels, char separator) {
  if (separator == '\0') separator = guess_separator(dataset);
  const auto width = static_cast<std::size_t>(labels.size());
  std::vector<float> targets(dataset.rows.size() * width);
  for (std::size_t i = 0; i < dataset.rows.size(); ++i) {
    const Row& row = dataset.rows[i];
    if (!row.has_label) continue;
    for (const std::string& label : split_labels(row.label, separator, dataset.where(row))) {
      const std::optional<std::int32_t> id = labels.id_of(label);
      if (!id) throw Error(unknown_label(dataset.where(row), label, labels));
      targets[i * width + static_cast<std::size_t>(*id)] = 1.0F;
    }
  }
  return targets;
}

std::vector<float> label_values(const Dataset& dataset) {
  std::vector<float> values;
  values.reserve(dataset.rows.size());
  for (const Row& row : dataset.rows) {
    if (!row.has_label) throw Error(fmt::format("{}: no label", dataset.where(row)));
    const std::optional<double> value = parse_number(row.label);
    if (!value || !std::isfinite(static_cast<float>(*value))) {
      throw Error(fmt::format("{}: the label \"{}\" is not a number, which a regression needs",
                              dataset.where(row), row.label.substr(0, 60)));
    }
    values.push_back(static_cast<float>(*value));
  }
  return values;
}

ProblemTypeGuess guess_problem_type(const Dataset& train) {
  std::unordered_set<std::string_view> distinct;
  bool lists = false, bars = false, numbers = true, fractions = false;
  for (const Row& row : train.rows) {
    if (!row.has_label) continue;
    lists = lists || (row.label.starts_with('[') && row.label.ends_with(']'));
    bars = bars || row.label.find('|') != std::string_view::npos;
    if (!distinct.insert(row.label).second || !numbers) continue;
    const std::optional<double> value = parse_number(row.label);
    numbers = value.has_value();
    fractions = fractions || (value && *value != std::floor(*value));
  }
  if (lists) return {ProblemType::multi_label_classification, "multi-label classification: labels are lists"};
  if (bars)
    return {ProblemType::multi_label_classification, "multi-label classification: labels are joined by '|'"};
  constexpr std::size_t kFewValues = 10;  // half stars from 0.5 to 5 are classes
  if (numbers && fractions && distinct.size() > kFewValues) {
    return {
        ProblemType::regression,
        fmt::format("regression: the labels are numbers with fractions, {} different ones", distinct.size())};
  }
  return {ProblemType::single_label_classification,
          fmt::format("classification: {} different labels", distinct.size())};
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace bertune::data
