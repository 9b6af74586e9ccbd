#include "data/texts/label_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "core/lower_case.h"
#include "data/texts/column_names.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kFastText = "__label__";

// "1,5" as "1.5"; empty for anything else.
std::string with_point(std::string_view label) {
  const std::size_t comma = label.find(',');
  if (comma == std::string_view::npos || comma == 0 || comma + 1 == label.size()) return {};
  std::string text(label);
  text[comma] = '.';
  return parse_number(text) ? text : "";
}

bool says_nothing(std::string_view label) {
  constexpr std::array kWords = {"n/a"sv, "na"sv, "nan"sv, "null"sv, "none"sv, "#n/a"sv, "-"sv, "?"sv, "."sv};
  return std::ranges::find(kWords, lower_case(label)) != kWords.end();
}

// The numbers of a list of 0 and 1; unset for any other list.
std::optional<std::vector<bool>> ones_of(std::string_view list) {
  if (!list.starts_with('[') || !list.ends_with(']')) return std::nullopt;
  std::vector<bool> ones;
  std::string_view rest = list.substr(1, list.size() - 2);
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_of(", \n");
    const std::string_view value = rest.substr(0, end);
    if (value == "1" || value == "1.0" || value == "1." || value == "true") {
      ones.push_back(true);
    } else if (value == "0" || value == "0.0" || value == "0." || value == "false") {
      ones.push_back(false);
    } else if (!value.empty()) {
      return std::nullopt;
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return ones;
}

class Settler {
 public:
  Settler(Dataset& dataset, Arena& arena, const ReadOptions& options, BadRows& bad)
      : dataset_(dataset), arena_(arena), labels_required_(options.labels_required), bad_(bad) {
    if (options.trained) trained_ = options.trained->label_form;
  }

  void settle() {
    if (!dataset_.has_labels) return;
    drop_prefixes();
    read_places();
    read_numbers();
    leave_out_undecided();
    leave_out_total();
  }

 private:
  void note(std::string text) { dataset_.notes.push_back(fmt::format("{}: {}", dataset_.path, text)); }

  template <typename Holds>
  bool all_labels(const Holds& holds) const {
    return std::ranges::all_of(dataset_.rows,
                               [&](const Row& row) { return !row.has_label || holds(row.label); });
  }

  void drop_prefixes() {
    if (!all_labels([](std::string_view label) { return label.starts_with(kFastText); })) return;
    for (Row& row : dataset_.rows)
      if (row.has_label) row.label.remove_prefix(kFastText.size());
    note("`__label__` in front of each label is fastText's, and left out");
  }

  // Lists of as many 0 and 1 each: the ones say which labels a row has.
  void read_places() {
    std::optional<std::size_t> size;
    // A list of two names never holds one of them twice.
    bool ones_repeat = trained_ == LabelForm::places;
    for (const Row& row : dataset_.rows) {
      if (!row.has_label) continue;
      const auto ones = ones_of(row.label);
      if (!ones || ones->size() < 2 || (size && *size != ones->size())) return;
      size = ones->size();
      ones_repeat = ones_repeat || *size > 2 || (*ones)[0] == (*ones)[1];
    }
    if (!size || !ones_repeat) return;
    for (Row& row : dataset_.rows) {
      if (!row.has_label) continue;
      const std::vector<bool> ones = *ones_of(row.label);
      std::string places;
      for (std::size_t i = 0; i < ones.size(); ++i)
        if (ones[i]) places += fmt::format("{}{}", places.empty() ? "" : ",", i);
      row.label = arena_.copy("[" + places + "]");
    }
    dataset_.label_form = LabelForm::places;
    for (std::size_t i = 0; i < *size; ++i) dataset_.label_names.push_back(std::to_string(i));
    note(fmt::format("labels are lists of {} numbers, 0 or 1: each place is a label, 0 to {}", *size,
                     *size - 1));
  }

  // Returns whether commas stand between labels and not in numbers: two in one, or a name that says so, or
  // parts that are labels by themselves.
  bool commas_separate() const {
    if (trained_ == LabelForm::decimal_commas) return false;
    const std::string key = name_key(dataset_.columns.label.name);
    const std::array kPlurals = {"labels"sv, "tags"sv,       "classes"sv, "emotions"sv,
                                 "topics"sv, "categories"sv, "genres"sv};
    if (std::ranges::find(kPlurals, key) != kPlurals.end()) return true;
    std::set<std::string_view> alone, behind;
    for (const Row& row : dataset_.rows) {
      if (!row.has_label) continue;
      const std::size_t comma = row.label.find(',');
      if (comma == std::string_view::npos) {
        alone.insert(row.label);
      } else if (row.label.find(',', comma + 1) != std::string_view::npos) {
        return true;
      } else {
        behind.insert(row.label.substr(comma + 1));
      }
    }
    return behind.size() >= 3 &&
           std::ranges::all_of(behind, [&](std::string_view part) { return alone.contains(part); });
  }

  // Reads "1,5" as one and a half, and "N/A" as no label, if all other labels are numbers.
  void read_numbers() {
    std::int64_t numbers = 0, fractions = 0, missing = 0;
    for (const Row& row : dataset_.rows) {
      if (!row.has_label) continue;
      if (parse_number(row.label)) {
        ++numbers;
      } else if (!with_point(row.label).empty()) {
        ++fractions;
      } else if (says_nothing(row.label)) {
        ++missing;
      } else {
        return;
      }
    }
    if (fractions > 0 && !commas_separate()) {
      std::string_view first;
      for (Row& row : dataset_.rows) {
        const std::string number = row.has_label ? with_point(row.label) : "";
        if (number.empty()) continue;
        if (first.empty()) first = row.label;
        row.label = arena_.copy(number);
      }
      numbers += fractions;
      dataset_.label_form = LabelForm::decimal_commas;
      note(fmt::format("{} labels are numbers with a decimal comma, such as \"{}\"", fractions, first));
    }
    if (missing > 0 && missing * 2 < numbers) drop_missing();
  }

  void drop_missing() {
    const auto is_missing = [](const Row& row) { return row.has_label && says_nothing(row.label); };
    for (Row& row : dataset_.rows) {
      if (!is_missing(row)) continue;
      if (labels_required_) {
        bad_.add(fmt::format("{}: \"{}\" among numbers is no label (column \"{}\")", dataset_.where(row),
                             row.label, dataset_.columns.label.name));
      } else {
        row.has_label = false;
        row.label = {};
      }
    }
    std::erase_if(dataset_.rows, is_missing);
  }

  // SNLI's: those who were asked did not agree.
  void leave_out_undecided() {
    if (!dataset_.has_pairs) return;
    std::int64_t undecided = 0;
    std::string first;
    for (const Row& row : dataset_.rows) {
      if (!row.has_label || row.label != "-") {
        if (row.has_label && std::ranges::none_of(row.label, [](unsigned char c) { return std::isalpha(c); }))
          return;
        continue;
      }
      if (undecided++ == 0) first = dataset_.where(row);
    }
    if (undecided == 0 || undecided == dataset_.size()) return;
    std::erase_if(dataset_.rows, [](const Row& row) { return row.has_label && row.label == "-"; });
    note(fmt::format("{} rows with the label \"-\" have no gold label, and are left out (the first is {})",
                     undecided, first));
  }

  // Returns whether the last label counts or sums up those above it; among names any number does.
  bool sums_up_others(const Row& last) const {
    const std::optional<double> total = parse_number(last.label);
    if (!total) return false;
    double sum = 0;
    for (const Row& row : std::span(dataset_.rows).first(dataset_.rows.size() - 1)) {
      const std::optional<double> number = parse_number(row.label);
      if (!number) return true;
      sum += *number;
    }
    const auto count = static_cast<double>(dataset_.rows.size() - 1);
    const auto is_nearly = [&](double value) { return std::abs(*total - value) <= 0.01 * std::abs(value); };
    return *total == count || is_nearly(sum) || is_nearly(sum / count);
  }

  // A last row that sums up the others.
  void leave_out_total() {
    if (dataset_.rows.size() < 4) return;
    constexpr std::array kWords = {"total"sv,  "totals"sv, "grandtotal"sv, "sum"sv,
                                   "gesamt"sv, "summe"sv,  "count"sv};
    const Row& last = dataset_.rows.back();
    const auto is_total = [&](std::string_view text) {
      return text.size() < 20 && std::ranges::find(kWords, name_key(text)) != kWords.end();
    };
    const auto same = std::ranges::count(dataset_.rows, last.label, &Row::label);
    if (!last.has_label || same != 1) return;
    if (!(is_total(last.text) ? sums_up_others(last) : is_total(last.label))) return;
    dataset_.notes.push_back(fmt::format("{}: sums up the others, and is left out: \"{}\", \"{}\"",
                                         dataset_.where(last), last.text, last.label));
    dataset_.rows.pop_back();
  }

  Dataset& dataset_;
  Arena& arena_;
  bool labels_required_;
  BadRows& bad_;
  LabelForm trained_ = LabelForm::as_written;
};

}  // namespace

void settle_labels(Dataset& dataset, Arena& arena, const ReadOptions& options, BadRows& bad) {
  Settler(dataset, arena, options, bad).settle();
}

}  // namespace bertune::data
