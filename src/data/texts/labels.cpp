#include "data/texts/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "core/quoted.h"
#include "data/texts/label_spellings.h"

namespace bertune::data {
namespace {

bool all_numbers(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return parse_number(name).has_value(); });
}

void sort_numbers(std::vector<std::string>& names) {
  std::ranges::sort(
      names, {}, [](const std::string& name) { return std::tuple(*parse_number(name), name.size(), name); });
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
  join_spellings(names);
  sort_names(names);
  return names;
}

void check_classes(const Dataset& train, const std::vector<std::string>& names, const LabelOptions& options) {
  const bool multi_label = options.multi_label;
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
  const bool is_given = !train.columns.label.guessed && !all_numbers(names);
  if (!options.is_sure && !is_given && (names.size() > kMany || (mostly_distinct && !multi_label))) {
    throw Error(fmt::format(
        "{}: column \"{}\" holds {} different labels in {} rows; is it the right column "
        "(`label_column`)? Columns: {}. If these are numbers to be predicted, ask for a regression "
        "(`problem_type=regression`); if they are classes, say so "
        "(`problem_type=single_label_classification`)",
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
  whole_numbers_ = !id2label_.empty() && all_whole_numbers(id2label_);
  std::unordered_map<std::string, int>
      counts;  // names that differ in spelling alone, as a model may have them
  for (const std::string& name : id2label_) ++counts[spelling(name, whole_numbers_)];
  for (std::size_t i = 0; i < id2label_.size(); ++i) {
    const std::string by = spelling(id2label_[i], whole_numbers_);
    if (!by.empty() && counts[by] == 1) same_.emplace(by, static_cast<std::int32_t>(i));
  }
}

std::optional<std::int32_t> LabelMap::id_of(std::string_view label) const {
  if (const auto found = ids_.find(std::string(label)); found != ids_.end()) return found->second;
  const std::string by = spelling(label, whole_numbers_);
  const auto found = same_.find(by);
  return by.empty() || found == same_.end() ? std::nullopt : std::optional(found->second);
}

LabelMap build_label_map(const Dataset& train, const LabelOptions& options) {
  if (!options.given.empty() && !are_default_names(options.given)) return LabelMap(options.given);
  std::vector<std::string> names = distinct_labels(train, options);
  check_classes(train, names, options);
  return LabelMap(std::move(names));
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace bertune::data
