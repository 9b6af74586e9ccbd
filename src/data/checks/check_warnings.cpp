#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/nearest.h"
#include "data/checks/check.h"

namespace bertune::data {
namespace {

std::string rows(std::int64_t count) { return fmt::format("{} {}", count, count == 1 ? "row" : "rows"); }

std::string share(std::int64_t part, std::int64_t whole) {
  return fmt::format("{:.1f} %",
                     whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void warn_of_leaks(const CheckResult& result, std::vector<std::string>& lines) {
  for (const SplitCheck& split : result.splits) {
    if (split.leaked_rows == 0) continue;
    const RowPair& example = split.leak_examples.front();
    lines.push_back(
        fmt::format("{}: {} of {} ({}) also occur in the training set, so its scores look better than "
                    "they are (for example {} and {})",
                    split.name, rows(split.leaked_rows), split.rows, share(split.leaked_rows, split.rows),
                    example.first, example.second));
  }
}

void warn_of_conflicts(const CheckResult& result, std::vector<std::string>& lines) {
  for (const SplitCheck& split : result.splits) {
    if (split.conflicting_rows == 0) continue;
    const RowPair& example = split.conflict_examples.front();
    lines.push_back(fmt::format("{}: {} share a text but not the label (for example {} \"{}\" and {} \"{}\")",
                                split.name, rows(split.conflicting_rows), example.first, example.first_label,
                                example.second, example.second_label));
  }
}

void warn_of_labels(const CheckResult& result, std::vector<std::string>& lines) {
  std::vector<std::string> untrained;
  for (const LabelCount& label : result.labels) {
    if (label.rows[0] == 0) untrained.push_back(label.label);
  }
  if (!untrained.empty()) {
    lines.push_back(fmt::format("labels that the training set lacks: {}", quoted_list(untrained)));
  }
  if (!result.rare_labels.empty()) {
    lines.push_back(fmt::format("labels with fewer than {} training rows, hard to learn: {}",
                                result.options.few_rows, quoted_list(result.rare_labels)));
  }
  if (result.imbalance >= result.options.imbalance) {
    lines.push_back(
        fmt::format("the most frequent label has {:.0f} times the rows of the least frequent: judge by "
                    "macro F1 rather than accuracy",
                    result.imbalance));
  }
  if (result.labels.size() == 1) {
    lines.push_back(fmt::format("there is only one label: \"{}\"", result.labels[0].label));
  }
}

void warn_of_rows(const SplitCheck& split, std::vector<std::string>& lines) {
  if (split.empty_texts > 0) {
    lines.push_back(fmt::format("{}: {} with an empty text (first {})", split.name, rows(split.empty_texts),
                                split.empty_examples.empty() ? split.path : split.empty_examples.front()));
  }
  if (split.normalized_duplicates > 0) {
    const std::string example =
        split.duplicate_examples.empty()
            ? ""
            : fmt::format(" (for example {} and {})", split.duplicate_examples[0].first,
                          split.duplicate_examples[0].second);
    lines.push_back(fmt::format("{}: {} ({}) repeat an earlier text{}", split.name,
                                rows(split.normalized_duplicates),
                                share(split.normalized_duplicates, split.rows), example));
  }
}

void warn_of_lengths(const LengthCheck& check, std::vector<std::string>& lines) {
  if (check.truncated_rows == 0) return;
  lines.push_back(
      fmt::format("{} ({:.1f} %) are longer than {} tokens and are cut there: {:.1f} % of all tokens are "
                  "lost (the longest has {})",
                  rows(check.truncated_rows), 100 * check.truncated_share, check.max_length,
                  100 * check.lost_token_share, check.max));
}

}  // namespace

std::vector<std::string> warnings(const CheckResult& result) {
  std::vector<std::string> lines;
  warn_of_leaks(result, lines);
  warn_of_conflicts(result, lines);
  warn_of_labels(result, lines);
  for (const SplitCheck& split : result.splits) warn_of_rows(split, lines);
  for (const LengthCheck& check : result.lengths) warn_of_lengths(check, lines);
  return lines;
}

}  // namespace bertune::data
