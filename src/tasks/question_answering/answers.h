// Turns the logits of windows into answers, as Transformers' run_qa.py does it (postprocess_qa_predictions).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tasks/question_answering/examples.h"

namespace bertune::tasks {

struct AnswerOptions {
  std::int64_t n_best_size = 20;
  std::int64_t max_answer_length = 30;   // tokens
  bool version_2_with_negative = false;  // a question may have no answer
  // "No answer" is predicted where its score exceeds that of the best answer by more than this.
  double null_score_diff_threshold = 0;
};

struct AnswerCandidate {
  std::string_view text;    // a part of the context; empty: there is no answer
  double score = 0;         // probability among the candidates
  Span code_points, bytes;  // of the text in the context
  float start_logit = 0, end_logit = 0;

  bool is_null() const { return bytes.begin == bytes.end; }
};

struct AnswerPrediction {
  AnswerCandidate best;  // the prediction; may be "no answer"
  // The best candidate that is an answer, whatever the threshold; "no answer" where no window gave one
  // (Transformers writes the word "empty" then).
  AnswerCandidate best_non_null;
  std::vector<AnswerCandidate> n_best;  // by score, highest first; "no answer" among them, or one more
  // version_2_with_negative: the score of "no answer" less that of best_non_null, Transformers'
  // null_odds.json. Above the threshold, "no answer" is the prediction.
  std::optional<double> null_odds;
};

// The answer to one question, from its windows one after the other. What it keeps does not grow with their
// number. Of equal scores the earlier window and token goes first.
class AnswerFinder {
 public:
  // Throws UsageError for sizes below 1.
  explicit AnswerFinder(const AnswerOptions& options);

  // Logits of all tokens of a window. Throws Error where they are not finite or of another number.
  void add_window(const ContextWindow& window, std::span<const float> start_logits,
                  std::span<const float> end_logits);
  // The prediction from the windows so far; the next window begins another question. The texts are views into
  // `context`.
  AnswerPrediction take(std::string_view context);

 private:
  AnswerOptions options_;
  std::vector<AnswerCandidate> candidates_;  // without texts and scores
  std::optional<AnswerCandidate> null_;
  std::vector<std::int32_t> starts_, ends_;  // memory that is kept
};

// The answer to the i-th question of `features`, whose windows' logits begin at `start_logits[0]` and
// `end_logits[0]`, end to end.
AnswerPrediction predict_answer(const QuestionAnsweringFeatures& features, std::int64_t question,
                                std::string_view context, std::span<const float> start_logits,
                                std::span<const float> end_logits, const AnswerOptions& options);

}  // namespace bertune::tasks
