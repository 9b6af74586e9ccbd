// Metrics of answers, as the official scripts of SQuAD 1.1 and 2.0 compute them.
//
// Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", section 6; Rajpurkar
// et al. 2018, "Know What You Don't Know", section 4.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bertune::tasks {

double exact_match(std::string_view prediction, std::string_view gold);  // 0 or 1
// The harmonic mean of precision and recall of the words that both have, repetitions counted; of two texts
// without words, 1.
double f1_score(std::string_view prediction, std::string_view gold);

enum class SquadVersion { v1_1, v2_0 };

class SquadMetrics {
 public:
  // 2.0: an answer whose null odds are above `null_score_diff_threshold` counts as "no answer".
  explicit SquadMetrics(SquadVersion version, double null_score_diff_threshold = 0)
      : version_(version), threshold_(null_score_diff_threshold) {}

  // One question: all its gold answers (none: it has no answer), the best answer that is one ("" where there
  // was none), and for 2.0 by how much "no answer" was preferred to it (AnswerPrediction's best_non_null and
  // null_odds). Without odds, best_* say nothing.
  void add(std::span<const std::string_view> golds, std::string_view prediction, double null_odds = 0);

  // Returns the metrics in percent, in the order of the official scripts. 1.1: exact_match, f1. 2.0: exact,
  // f1, total, the same as HasAns_* and NoAns_* where there are such questions; and best_exact,
  // best_exact_thresh, best_f1, best_f1_thresh: the highest that any threshold gives on these questions, and
  // that threshold. All are 0 without questions.
  std::vector<std::pair<std::string, double>> result() const;

 private:
  struct Score {
    double exact, f1, null_odds;
    bool has_answer, answered;
  };
  struct Best {
    double score, threshold;
  };

  // Adds the means over the questions that have an answer, or that have none, or over all.
  void add_means(const std::string& prefix, bool with_answer, bool without_answer,
                 std::vector<std::pair<std::string, double>>& values) const;
  Best best(double Score::*score) const;

  SquadVersion version_;
  double threshold_;
  std::vector<Score> scores_;
};

}  // namespace bertune::tasks
