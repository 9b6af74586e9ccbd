#include "data/checks/drift.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "core/hash.h"
#include "core/lower_case.h"
#include "data/checks/finding_parts.h"

namespace bertune::data {
namespace {

constexpr std::int64_t kFewestCompared = 50, kMostCompared = 20'000;

using LabelShares = std::map<std::string_view, double>;

LabelShares counts_of(const NamedTexts& set) {
  LabelShares counts;
  for (std::int64_t row = 0; row < set.texts.size; ++row)
    if (const auto label = set.texts.label_of(row)) ++counts[*label];
  return counts;
}

double sum_of(const LabelShares& counts) {
  double sum = 0;
  for (const auto& [label, count] : counts) sum += count;
  return sum;
}

// Half the sum of the differences of shares, if it is above a tenth and more than chance explains: a
// chi-square of homogeneity beyond the .999 quantile (Wilson and Hilferty's approximation).
void add_label_drift(const NamedTexts& train, const NamedTexts& set, const CheckOptions& options,
                     std::vector<Finding>& findings) {
  constexpr double kNormal999 = 3.09, kLeast = 0.1;
  const LabelShares of_train = counts_of(train), of_set = counts_of(set);
  if (of_train.size() < 2 || of_set.empty()) return;
  LabelShares both = of_train;
  for (const auto& [label, count] : of_set) both[label] += count;
  const double first = sum_of(of_train), second = sum_of(of_set);
  double chi_square = 0, distance = 0, largest = 0;
  std::string_view moved;
  const auto count_in = [](const LabelShares& counts, std::string_view label) {
    const auto found = counts.find(label);
    return found == counts.end() ? 0.0 : found->second;
  };
  for (const auto& [label, count] : both) {
    const double a = count_in(of_train, label), b = count_in(of_set, label);
    const double expected_a = count * first / (first + second),
                 expected_b = count * second / (first + second);
    chi_square +=
        (a - expected_a) * (a - expected_a) / expected_a + (b - expected_b) * (b - expected_b) / expected_b;
    const double moves = std::abs(a / first - b / second);
    distance += moves / 2;
    if (moves > largest) largest = moves, moved = label;
  }
  const auto freedom = static_cast<double>(both.size() - 1);
  const double root = 1 - 2 / (9 * freedom) + kNormal999 * std::sqrt(2 / (9 * freedom));
  if (distance < kLeast || chi_square < freedom * root * root * root) return;
  Finding finding = make_finding(FindingKind::label_drift, Severity::note, set, options);
  finding.value = distance;
  finding.rows = static_cast<std::int64_t>(std::llround(distance * second));
  finding.labels = {{std::string(moved), static_cast<std::int64_t>(count_in(of_train, moved))}};
  finding.detail = std::to_string(std::llround(100 * count_in(of_train, moved) / first)) + "% there and " +
                   std::to_string(std::llround(100 * count_in(of_set, moved) / second)) + "% here";
  finding.advice = "draw both from the same source, and judge by f1_macro";
  findings.push_back(std::move(finding));
}

std::vector<double> lengths_of(const NamedTexts& set) {
  std::vector<double> lengths;
  const std::int64_t stride = stride_for(set.texts.size, kMostCompared);
  for (std::int64_t row = 0; row < set.texts.size; row += stride) {
    const TextPair pair = set.texts.texts(row);
    if (pair.first.size() + pair.second.size() > 0)
      lengths.push_back(static_cast<double>(pair.first.size() + pair.second.size()));
  }
  std::ranges::sort(lengths);
  return lengths;
}

// The largest distance of the two distribution functions (Kolmogorov and Smirnov).
void add_length_drift(const NamedTexts& train, const NamedTexts& set, const CheckOptions& options,
                      std::vector<Finding>& findings) {
  constexpr double kLeast = 0.25;
  const std::vector<double> first = lengths_of(train), second = lengths_of(set);
  if (first.empty() || second.empty()) return;
  double distance = 0;
  for (std::size_t i = 0, k = 0; i < first.size() && k < second.size();) {
    const double at = std::min(first[i], second[k]);
    while (i < first.size() && first[i] <= at) ++i;
    while (k < second.size() && second[k] <= at) ++k;
    distance = std::max(distance, std::abs(static_cast<double>(i) / static_cast<double>(first.size()) -
                                           static_cast<double>(k) / static_cast<double>(second.size())));
  }
  if (distance < kLeast) return;
  Finding finding = make_finding(FindingKind::length_drift, Severity::note, set, options);
  finding.value = distance;
  finding.rows = static_cast<std::int64_t>(std::llround(distance * static_cast<double>(set.texts.size)));
  finding.detail = std::to_string(std::llround(first[first.size() / 2])) + " bytes there and " +
                   std::to_string(std::llround(second[second.size() / 2])) + " here";
  finding.advice = "train on texts such as those that the model will read";
  findings.push_back(std::move(finding));
}

using Words = std::unordered_set<std::uint64_t>;  // hashes

template <typename Use>
void for_words(const NamedTexts& set, std::int64_t first, std::int64_t stride, const Use& use) {
  for (std::int64_t row = first; row < set.texts.size; row += stride) {
    const TextPair pair = set.texts.texts(row);
    for (const std::string_view text : {pair.first, pair.second})
      for_each_word(text, [&](std::string_view word) { use(quick_hash(lower_case(word))); });
  }
}

double unknown_share(const NamedTexts& set, std::int64_t first, std::int64_t stride, const Words& known) {
  std::int64_t words = 0, unknown = 0;
  for_words(set, first, stride, [&](std::uint64_t word) {
    ++words;
    unknown += known.contains(word) ? 0 : 1;
  });
  return words == 0 ? 0 : static_cast<double>(unknown) / static_cast<double>(words);
}

// New words are measured against those that one half of the training set has for the other half.
void add_word_drift(const NamedTexts& train, const NamedTexts& set, const CheckOptions& options,
                    std::vector<Finding>& findings) {
  constexpr double kLeast = 0.05;
  const std::int64_t stride = stride_for(train.texts.size, kMostCompared);
  Words half;
  for_words(train, 0, 2 * stride, [&](std::uint64_t word) { half.insert(word); });
  const double within = unknown_share(train, stride, 2 * stride, half),
               across = unknown_share(set, 0, stride_for(set.texts.size, kMostCompared), half);
  if (across < 3 * within + kLeast) return;  // rows that repeat make `within` small
  Finding finding = make_finding(FindingKind::word_drift, Severity::warning, set, options);
  finding.value = across - within;
  finding.rows = static_cast<std::int64_t>(std::llround(across * static_cast<double>(set.texts.size)));
  finding.detail = std::to_string(std::llround(100 * across)) + "% here and " +
                   std::to_string(std::llround(100 * within)) + "% there";
  finding.advice = "train on texts such as those that the model will read";
  findings.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> find_drifts(std::span<const NamedTexts> sets, const CheckOptions& options) {
  std::vector<Finding> findings;
  if (sets.empty()) return findings;
  const NamedTexts& train = sets.front();
  for (const NamedTexts& set : sets.subspan(1)) {
    const bool is_held_out = set.texts.path == train.texts.path;
    if (is_held_out || train.texts.size < kFewestCompared || set.texts.size < kFewestCompared) continue;
    if (options.has_classes() && set.labels) add_label_drift(train, set, options, findings);
    add_length_drift(train, set, options, findings);
    add_word_drift(train, set, options, findings);
  }
  return findings;
}

}  // namespace bertune::data
