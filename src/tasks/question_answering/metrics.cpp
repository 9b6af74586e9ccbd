#include "tasks/question_answering/metrics.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "bertune/error.h"
#include "tasks/question_answering/normalize_answer.h"

namespace bertune::tasks {
namespace {

// Words that both have, as often as both have them. Sorts them.
std::int64_t common_words(std::vector<std::string_view>& left, std::vector<std::string_view>& right) {
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  std::vector<std::string_view> common;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(common));
  return static_cast<std::int64_t>(common.size());
}

double f1_of_normalized(std::string_view prediction, std::string_view gold) {
  std::vector<std::string_view> predicted = words_of(prediction), expected = words_of(gold);
  if (predicted.empty() || expected.empty()) return predicted.empty() == expected.empty() ? 1 : 0;
  const auto common = static_cast<double>(common_words(predicted, expected));
  if (common == 0) return 0;
  const double precision = 1.0 * common / static_cast<double>(predicted.size());
  const double recall = 1.0 * common / static_cast<double>(expected.size());
  return 2 * precision * recall / (precision + recall);
}

double percent(double sum, std::int64_t total) {
  return total == 0 ? 0 : 100.0 * sum / static_cast<double>(total);
}

}  // namespace

double exact_match(std::string_view prediction, std::string_view gold) {
  return normalize_answer(prediction) == normalize_answer(gold) ? 1 : 0;
}

double f1_score(std::string_view prediction, std::string_view gold) {
  return f1_of_normalized(normalize_answer(prediction), normalize_answer(gold));
}

void SquadMetrics::add(std::span<const std::string_view> golds, std::string_view prediction,
                       double null_odds) {
  if (std::isnan(null_odds)) throw Error("the null odds of an answer are not a number");
  const std::string predicted = normalize_answer(prediction);
  const bool is_first_version = version_ == SquadVersion::v1_1;
  Score score{0, 0, null_odds, !golds.empty(), !prediction.empty()};
  bool compared = false;
  const auto compare = [&](const std::string& gold) {
    score.exact = std::max(score.exact, predicted == gold ? 1.0 : 0.0);
    score.f1 = std::max(score.f1, f1_of_normalized(predicted, gold));
    compared = true;
  };
  for (const std::string_view text : golds) {
    const std::string gold = normalize_answer(text);
    if (is_first_version || !gold.empty()) compare(gold);
  }
  if (!compared) compare("");
  // Two texts without words have no word in common in 1.1.
  if (is_first_version && score.has_answer && predicted.empty()) score.f1 = 0;
  scores_.push_back(score);
}

void SquadMetrics::add_means(const std::string& prefix, bool with_answer, bool without_answer,
                             std::vector<std::pair<std::string, double>>& values) const {
  double exact = 0, f1 = 0;
  std::int64_t total = 0;
  for (const Score& score : scores_) {
    if (!(score.has_answer ? with_answer : without_answer)) continue;
    const bool as_null = version_ == SquadVersion::v2_0 && score.null_odds > threshold_;
    const double if_null = score.has_answer ? 0 : 1;
    exact += as_null ? if_null : score.exact;
    f1 += as_null ? if_null : score.f1;
    ++total;
  }
  if (total == 0 && !prefix.empty()) return;
  const bool is_first_version = version_ == SquadVersion::v1_1;
  values.emplace_back(prefix + (is_first_version ? "exact_match" : "exact"), percent(exact, total));
  values.emplace_back(prefix + "f1", percent(f1, total));
  if (!is_first_version) values.emplace_back(prefix + "total", static_cast<double>(total));
}

// Beginning with "no answer" to every question, the threshold rises past one question after the other, which
// is answered from then on.
SquadMetrics::Best SquadMetrics::best(double Score::*score) const {
  std::vector<Score> sorted = scores_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Score& left, const Score& right) { return left.null_odds < right.null_odds; });
  double sum = static_cast<double>(
      std::count_if(sorted.begin(), sorted.end(), [](const Score& one) { return !one.has_answer; }));
  Best best{sum, 0};
  for (const Score& one : sorted) {
    if (one.has_answer) {
      sum += one.*score;
    } else if (one.answered) {
      sum -= 1;
    }
    if (sum > best.score) best = {sum, one.null_odds};
  }
  return {percent(best.score, static_cast<std::int64_t>(sorted.size())), best.threshold};
}

std::vector<std::pair<std::string, double>> SquadMetrics::result() const {
  std::vector<std::pair<std::string, double>> values;
  add_means("", true, true, values);
  if (version_ == SquadVersion::v1_1) return values;
  add_means("HasAns_", true, false, values);
  add_means("NoAns_", false, true, values);
  const Best exact = best(&Score::exact), f1 = best(&Score::f1);
  values.emplace_back("best_exact", exact.score);
  values.emplace_back("best_exact_thresh", exact.threshold);
  values.emplace_back("best_f1", f1.score);
  values.emplace_back("best_f1_thresh", f1.threshold);
  return values;
}

}  // namespace bertune::tasks
