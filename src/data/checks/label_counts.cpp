#include "data/checks/label_counts.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "data/texts/labels.h"

namespace bertune::data {
namespace {

// The most frequent in the training set first, then by name.
std::vector<LabelCount> counts_of(std::span<const NamedTexts> sets) {
  std::deque<std::string> names;  // which stay where they are
  std::unordered_map<std::string_view, std::vector<std::int64_t>> counts;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto count = [&](std::string_view label) {
      auto found = counts.find(label);
      if (found == counts.end())
        found = counts.emplace(names.emplace_back(label), std::vector<std::int64_t>(sets.size())).first;
      ++found->second[i];
    };
    for (std::int64_t row = 0; sets[i].labels && row < sets[i].texts.size; ++row) sets[i].labels(row, count);
  }
  std::vector<LabelCount> labels;
  for (auto& [label, rows] : counts) labels.push_back({std::string(label), std::move(rows)});
  std::ranges::sort(labels, [](const LabelCount& left, const LabelCount& right) {
    return left.rows[0] != right.rows[0] ? left.rows[0] > right.rows[0] : left.label < right.label;
  });
  return labels;
}

std::optional<NumberRange> range_of(const Texts& texts) {
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < texts.size; ++row) {
    const auto label = texts.label_of(row);
    if (!label) continue;
    if (const std::optional<double> number = parse_number(*label)) numbers.push_back(*number);
  }
  if (numbers.empty()) return std::nullopt;
  std::ranges::sort(numbers);
  return NumberRange{
      numbers.front(), numbers[(numbers.size() - 1) / 2],
      std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size()),
      numbers.back()};
}

class LabelFindings {
 public:
  LabelFindings(const CheckResult& result, const CheckOptions& options)
      : result_(result), options_(options) {}

  std::vector<Finding> all() {
    if (result_.labels.empty()) return {};
    find_untrained();
    find_one();
    find_rare();
    find_imbalance();
    return std::move(findings_);
  }

 private:
  // Makes a finding about the training set.
  Finding finding_of(FindingKind kind, Severity severity, std::vector<LabelRows> labels, std::string advice) {
    Finding finding;
    finding.kind = kind, finding.severity = severity;
    finding.set = result_.sets.front().name;
    finding.unit = options_.label == "tag" ? "word" : options_.unit;
    for (const LabelRows& label : labels) finding.rows += label.rows;
    finding.of_rows = result_.labeled.front();
    finding.labels = std::move(labels);
    finding.advice = std::move(advice);
    return finding;
  }

  template <typename Condition>
  std::vector<LabelRows> labels_where(const Condition& condition) const {
    std::vector<LabelRows> labels;
    for (const LabelCount& label : result_.labels)
      if (condition(label.rows[0])) labels.push_back({label.label, label.rows[0]});
    return labels;
  }

  void find_untrained() {
    if (options_.few_rows <= 0) return;  // labels are places, of which none is missed
    std::vector<LabelRows> labels = labels_where([](std::int64_t rows) { return rows == 0; });
    if (labels.empty()) return;
    findings_.push_back(finding_of(FindingKind::untrained_label, Severity::error, std::move(labels),
                                   "add rows that have them to the training set"));
  }

  void find_one() {
    if (result_.labels.size() > 1) return;
    findings_.push_back(finding_of(FindingKind::one_label, Severity::error,
                                   labels_where([](std::int64_t) { return true; }),
                                   "add rows of another one"));
  }

  void find_rare() {
    std::vector<LabelRows> labels = labels_where([&](std::int64_t rows) { return rows < options_.few_rows; });
    if (labels.empty()) return;
    findings_.push_back(finding_of(FindingKind::rare_label, Severity::warning, std::move(labels),
                                   "add rows that have them, or put labels together"));
    findings_.back().limit = options_.few_rows;
  }

  void find_imbalance() {
    if (options_.imbalance <= 0) return;
    const std::vector<LabelRows> trained = labels_where([](std::int64_t rows) { return rows > 0; });
    if (trained.empty()) return;
    const LabelRows &most = trained.front(), &least = trained.back();
    if (static_cast<double>(most.rows) < options_.imbalance * static_cast<double>(least.rows)) return;
    findings_.push_back(
        finding_of(FindingKind::imbalance, Severity::note, {most, least}, "judge by f1_macro, not accuracy"));
  }

  const CheckResult& result_;
  const CheckOptions& options_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> count_labels(std::span<const NamedTexts> sets, const CheckOptions& options,
                                  CheckResult& result) {
  result.label = options.label;
  result.labels = counts_of(sets);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    std::int64_t labeled = result.sets[i].rows - result.sets[i].unlabeled;
    if (!options.several) {
      labeled = 0;
      for (const LabelCount& label : result.labels) labeled += label.rows[i];
    }
    result.labeled.push_back(labeled);
    if (options.numbers) result.sets[i].numbers = range_of(sets[i].texts);
  }
  return LabelFindings(result, options).all();
}

LabelsOf one_label(const Texts& texts) {
  return [texts](std::int64_t row, const std::function<void(std::string_view)>& tell) {
    if (const auto label = texts.label_of(row)) tell(*label);
  };
}

}  // namespace bertune::data
