#include "data/checks/check.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "data/splits/text_index.h"

namespace bertune::data {
namespace {

// The start of a text for a message: one line, whole code points.
std::string excerpt(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::size_t size = std::min(text.size(), kShown);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  std::string shown(text.substr(0, size));
  for (char& character : shown) {
    if (static_cast<unsigned char>(character) < ' ') character = ' ';
  }
  return size < text.size() ? shown + "..." : shown;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

class Checker {
 public:
  Checker(std::span<const NamedDataset> splits, const CheckOptions& options)
      : splits_(splits), options_(options) {}

  CheckResult check() {
    CheckResult result;
    result.options = options_;
    if (splits_.empty()) return result;
    const TextIndex train(*splits_[0].dataset, Folding::blanks_and_case);
    result.splits.push_back(check_split(splits_[0], train));
    for (const NamedDataset& other : splits_.subspan(1)) {
      const TextIndex index(*other.dataset, Folding::blanks_and_case);
      result.splits.push_back(check_split(other, index));
    }
    find_leaks(train, result);
    if (options_.classification) count_labels(result);
    return result;
  }

 private:
  bool room(const std::vector<RowPair>& examples) const {
    return static_cast<std::int64_t>(examples.size()) < options_.max_examples;
  }

  static RowPair pair_of(const Dataset& first_set, const Row& first, const Dataset& second_set,
                         const Row& second) {
    return {first_set.where(first), second_set.where(second), std::string(first.label),
            std::string(second.label), excerpt(second.text)};
  }

  SplitCheck check_split(const NamedDataset& named, const TextIndex& index) const {
    const Dataset& dataset = *named.dataset;
    SplitCheck split;
    split.name = named.name;
    split.path = dataset.path;
    split.rows = dataset.size();
    for (const Row& row : dataset.rows) {
      split.unlabeled += row.has_label ? 0 : 1;
      if (!is_blank(row.text) && (!dataset.has_pairs || !is_blank(row.text_pair))) continue;
      ++split.empty_texts;
      if (static_cast<std::int64_t>(split.empty_examples.size()) < options_.max_examples) {
        split.empty_examples.push_back(dataset.where(row));
      }
    }
    find_duplicates(dataset, index, split);
    return split;
  }

  void find_duplicates(const Dataset& dataset, const TextIndex& index, SplitCheck& split) const {
    // Rows alike byte for byte are alike after folding, so only copies need the exact comparison.
    std::unordered_set<std::string> exact;
    const auto exact_key = [](const Row& row) {
      return std::string(row.text) + '\0' + std::string(row.text_pair);
    };
    std::unordered_map<std::int64_t, bool> copies;  // first rows of repeated texts: do labels differ?
    std::vector<std::pair<std::int64_t, std::int64_t>> repeats;
    for (std::int64_t i = 0; i < dataset.size(); ++i) {
      const std::int64_t first = index.first_of(i);
      if (first == i) continue;
      const Row& row = dataset.rows[static_cast<std::size_t>(i)];
      const Row& original = dataset.rows[static_cast<std::size_t>(first)];
      ++split.normalized_duplicates;
      exact.insert(exact_key(original));
      split.exact_duplicates += exact.insert(exact_key(row)).second ? 0 : 1;
      if (room(split.duplicate_examples))
        split.duplicate_examples.push_back(pair_of(dataset, original, dataset, row));
      if (!options_.classification) continue;
      const bool differ = original.has_label && row.has_label && original.label != row.label;
      if (differ && room(split.conflict_examples)) {
        split.conflict_examples.push_back(pair_of(dataset, original, dataset, row));
      }
      bool& conflict = copies[first];
      conflict = conflict || differ;
      repeats.emplace_back(first, i);
    }
    for (const auto& [first, conflict] : copies) split.conflicting_rows += conflict ? 1 : 0;
    for (const auto& [first, repeat] : repeats) split.conflicting_rows += copies[first] ? 1 : 0;
  }

  void find_leaks(const TextIndex& index, CheckResult& result) const {
    const Dataset& train = *splits_[0].dataset;
    for (std::size_t s = 1; s < splits_.size(); ++s) {
      const Dataset& other = *splits_[s].dataset;
      SplitCheck& split = result.splits[s];
      for (const Row& row : other.rows) {
        const std::optional<std::int64_t> found = index.find(row);
        if (!found) continue;
        const Row& original = train.rows[static_cast<std::size_t>(*found)];
        ++split.leaked_rows;
        split.leaked_with_other_label +=
            original.has_label && row.has_label && original.label != row.label ? 1 : 0;
        if (room(split.leak_examples)) split.leak_examples.push_back(pair_of(train, original, other, row));
      }
    }
  }

  void count_labels(CheckResult& result) const {
    std::unordered_map<std::string_view, std::vector<std::int64_t>> counts;
    for (std::size_t s = 0; s < splits_.size(); ++s) {
      for (const Row& row : splits_[s].dataset->rows) {
        if (!row.has_label) continue;
        auto& rows = counts[row.label];
        rows.resize(splits_.size());
        ++rows[s];
      }
    }
    for (auto& [label, rows] : counts) result.labels.push_back({std::string(label), rows});
    std::sort(
        result.labels.begin(), result.labels.end(), [](const LabelCount& left, const LabelCount& right) {
          return left.rows[0] != right.rows[0] ? left.rows[0] > right.rows[0] : left.label < right.label;
        });
    std::int64_t least = 0;
    for (const LabelCount& label : result.labels) {
      if (label.rows[0] > 0) least = label.rows[0];
      if (label.rows[0] < options_.few_rows) {
        result.rare_labels.push_back(label.label + " (" + std::to_string(label.rows[0]) + ")");
      }
    }
    if (least > 0) {
      result.imbalance = static_cast<double>(result.labels.front().rows[0]) / static_cast<double>(least);
    }
  }

  std::span<const NamedDataset> splits_;
  CheckOptions options_;
};

}  // namespace

CheckResult check_datasets(std::span<const NamedDataset> splits, const CheckOptions& options) {
  return Checker(splits, options).check();
}

LengthCheck check_lengths(std::span<const std::int32_t> lengths, std::int64_t max_length) {
  LengthCheck check;
  check.max_length = max_length;
  check.rows = static_cast<std::int64_t>(lengths.size());
  if (lengths.empty()) return check;
  std::vector<std::int32_t> sorted(lengths.begin(), lengths.end());
  std::sort(sorted.begin(), sorted.end());
  const auto percentile = [&](std::int64_t percent) {
    const std::int64_t rank = (check.rows * percent + 99) / 100;
    return sorted[static_cast<std::size_t>(std::max<std::int64_t>(rank, 1) - 1)];
  };
  check.p50 = percentile(50);
  check.p90 = percentile(90);
  check.p95 = percentile(95);
  check.p99 = percentile(99);
  check.max = sorted.back();
  std::int64_t lost = 0;
  for (const std::int32_t length : sorted) {
    check.tokens += length;
    if (length <= max_length) continue;
    ++check.truncated_rows;
    lost += length - max_length;
  }
  check.truncated_share = static_cast<double>(check.truncated_rows) / static_cast<double>(check.rows);
  if (check.tokens > 0)
    check.lost_token_share = static_cast<double>(lost) / static_cast<double>(check.tokens);
  return check;
}

}  // namespace bertune::data
