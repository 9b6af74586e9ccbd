#include "data/texts/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>
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

bool all_whole_numbers(const std::vector<std::string>& names) {
  return std::ranges::none_of(names, [](const std::string& name) { return whole_number(name).empty(); });
}

// "true" of "True"; empty for what is no truth value.
std::string truth_value(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords = {"true", "false", "yes", "no"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kWords, lower) == kWords.end() ? std::string() : lower;
}

// Other spellings of a name have the same; empty: there are none.
std::string spelling(std::string_view name, bool whole_numbers) {
  return whole_numbers ? whole_number(name) : truth_value(name);
}

// Of several spellings of a name the shortest stays, of as short ones the first.
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

std::vector<std::string> name_labels(Dataset& dataset, const LabelMap& labels) {
  const auto names = std::make_shared<const std::vector<std::string>>(labels.id2label());
  std::map<std::string_view, std::string> others;  // spellings, and the names that they get
  for (Row& row : dataset.rows) {
    if (!row.has_label) continue;
    const std::optional<std::int32_t> id = labels.id_of(row.label);
    if (!id) continue;
    const std::string& name = (*names)[static_cast<std::size_t>(*id)];
    if (row.label == name) continue;
    others.emplace(row.label, name);
    row.label = name;
  }
  if (others.empty()) return {};
  dataset.label_storage = names;
  const auto& [other, name] = *others.begin();
  const std::string more = others.size() > 1 ? fmt::format(", and {} more such", others.size() - 1) : "";
  return {fmt::format("{}: the labels \"{}\" and \"{}\" are one{}", dataset.path, other, name, more)};
}

void leave_out_unknown_labels(Dataset& dataset, const LabelMap& labels, std::int64_t most) {
  const auto is_unknown = [&](const Row& row) { return row.has_label && !labels.id_of(row.label); };
  const auto first = std::ranges::find_if(dataset.rows, is_unknown);
  const auto count = std::ranges::count_if(dataset.rows, is_unknown);
  if (count == 0 || count > most || count == dataset.size()) return;
  dataset.notes.push_back(
      fmt::format("{}: left out: the label \"{}\" is not one of those trained on ({} {} in all)",
                  dataset.where(*first), first->label, count, count == 1 ? "row" : "rows"));
  std::erase_if(dataset.rows, is_unknown);
}

namespace {

// " (3 rows have such labels: "x", "y")" of labels that cannot be used.
class WrongLabels {
 public:
  explicit WrongLabels(const Dataset& dataset) : dataset_(dataset) {}

  void add(const Row& row, std::string_view label) {
    if (count_++ == 0) first_ = &row, first_label_ = label;
    if (different_.size() < kShown && std::ranges::find(different_, label) == different_.end())
      different_.emplace_back(label);
  }
  bool any() const { return count_ > 0; }
  std::string where() const { return dataset_.where(*first_); }
  const std::string& label() const { return first_label_; }
  std::string all() const {
    return count_ == 1 ? "" : fmt::format("; {} rows have such labels: {}", count_, quoted_list(different_));
  }

 private:
  static constexpr std::size_t kShown = 5;
  const Dataset& dataset_;
  const Row* first_ = nullptr;
  std::string first_label_;
  std::int64_t count_ = 0;
  std::vector<std::string> different_;
};

}  // namespace

std::vector<std::int32_t> label_ids(const Dataset& dataset, const LabelMap& labels) {
  std::vector<std::int32_t> ids;
  ids.reserve(dataset.rows.size());
  WrongLabels unknown(dataset);
  for (const Row& row : dataset.rows) {
    if (!row.has_label) throw Error(fmt::format("{}: no label", dataset.where(row)));
    const std::optional<std::int32_t> id = labels.id_of(row.label);
    if (!id) unknown.add(row, row.label);
    ids.push_back(id.value_or(0));
  }
  if (unknown.any()) throw Error(unknown_label(unknown.where(), unknown.label(), labels) + unknown.all());
  return ids;
}

std::vector<float> multi_label_targets(const Dataset& dataset, const LabelMap& labels, char separator) {
  if (separator == '\0') separator = guess_separator(dataset);
  const auto width = static_cast<std::size_t>(labels.size());
  std::vector<float> targets(dataset.rows.size() * width);
  WrongLabels unknown(dataset);
  for (std::size_t i = 0; i < dataset.rows.size(); ++i) {
    const Row& row = dataset.rows[i];
    if (!row.has_label) continue;
    for (const std::string& label : split_labels(row.label, separator, dataset.where(row))) {
      const std::optional<std::int32_t> id = labels.id_of(label);
      if (!id) {
        unknown.add(row, label);
        continue;
      }
      targets[i * width + static_cast<std::size_t>(*id)] = 1.0F;
    }
  }
  if (unknown.any()) throw Error(unknown_label(unknown.where(), unknown.label(), labels) + unknown.all());
  return targets;
}

std::vector<float> label_values(const Dataset& dataset) {
  std::vector<float> values;
  values.reserve(dataset.rows.size());
  WrongLabels wrong(dataset);
  for (const Row& row : dataset.rows) {
    if (!row.has_label) throw Error(fmt::format("{}: no label", dataset.where(row)));
    const std::optional<double> value = parse_number(row.label);
    if (!value || !std::isfinite(static_cast<float>(*value))) {
      wrong.add(row, row.label.substr(0, 60));
      continue;
    }
    values.push_back(static_cast<float>(*value));
  }
  if (wrong.any()) {
    throw Error(fmt::format("{}: the label \"{}\" is not a number, which a regression needs{}", wrong.where(),
                            wrong.label(), wrong.all()));
  }
  return values;
}

namespace {

struct Kinds {
  std::unordered_set<std::string_view> distinct;
  std::int64_t labels = 0, numbers = 0;  // rows
  bool lists = false, bars = false, commas = false, fractions = false, listed_numbers = true;
};

// "2,27": whole numbers joined by commas.
bool is_list_of_numbers(std::string_view label) {
  return !label.empty() && label.find_first_not_of("0123456789,") == std::string_view::npos &&
         !label.starts_with(',') && !label.ends_with(',');
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

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace bertune::data
