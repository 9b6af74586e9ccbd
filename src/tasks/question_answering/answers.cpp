#include "tasks/question_answering/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "bertune/error.h"

namespace bertune::tasks {
namespace {

// Sums of logits are rounded to float, as the reference's are.
float sum(const AnswerCandidate& candidate) { return candidate.start_logit + candidate.end_logit; }

// The places of the `count` highest logits, highest first.
void highest(std::span<const float> logits, std::int64_t count, std::vector<std::int32_t>& places) {
  places.resize(logits.size());
  std::iota(places.begin(), places.end(), 0);
  const auto kept = std::min(static_cast<std::size_t>(count), places.size());
  std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept), places.end(),
                    [&](std::int32_t left, std::int32_t right) {
                      const float a = logits[static_cast<std::size_t>(left)],
                                  b = logits[static_cast<std::size_t>(right)];
                      return a != b ? a > b : left < right;
                    });
  places.resize(kept);
}

void keep_best(std::vector<AnswerCandidate>& candidates, std::int64_t count) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const AnswerCandidate& a, const AnswerCandidate& b) { return sum(a) > sum(b); });
  if (candidates.size() > static_cast<std::size_t>(count)) candidates.resize(static_cast<std::size_t>(count));
}

void add_probabilities(std::vector<AnswerCandidate>& candidates) {
  if (candidates.empty()) return;
  float most = sum(candidates.front());
  for (const AnswerCandidate& candidate : candidates) most = std::max(most, sum(candidate));
  double total = 0;
  for (AnswerCandidate& candidate : candidates) {
    candidate.score = std::exp(double{sum(candidate)} - double{most});
    total += candidate.score;
  }
  for (AnswerCandidate& candidate : candidates) candidate.score /= total;
}

// A limit beyond any model's logits; the sum of two such logits is still a finite float.
constexpr float kLargestLogit = 1e30F;

void check_logits(std::span<const float> logits, std::size_t tokens) {
  if (logits.size() != tokens)
    throw Error(fmt::format("{} logits were given for a window of {} tokens", logits.size(), tokens));
  for (const float logit : logits) {
    if (!(std::abs(logit) < kLargestLogit))
      throw Error("a logit is not a finite number: the model is damaged or diverged");
  }
}

}  // namespace

AnswerFinder::AnswerFinder(const AnswerOptions& options) : options_(options) {
  if (options.n_best_size < 1) throw UsageError("n_best_size", "`n_best_size` must be at least 1");
  if (options.max_answer_length < 1)
    throw UsageError("max_answer_length", "`max_answer_length` must be at least 1");
}

void AnswerFinder::add_window(const ContextWindow& window, std::span<const float> start_logits,
                              std::span<const float> end_logits) {
  const std::size_t tokens = static_cast<std::size_t>(window.begin) + window.bytes.size() + 1;
  check_logits(start_logits, tokens);
  check_logits(end_logits, tokens);
  AnswerCandidate null;
  null.start_logit = start_logits[0];
  null.end_logit = end_logits[0];
  if (!null_ || sum(*null_) > sum(null)) null_ = null;

  const auto in_context = [&](std::int32_t place) {
    return place >= window.begin && place < window.begin + static_cast<std::int64_t>(window.bytes.size());
  };
  // Tokens of the question take places among the highest, as in the reference.
  highest(start_logits, options_.n_best_size, starts_);
  highest(end_logits, options_.n_best_size, ends_);
  for (const std::int32_t start : starts_) {
    for (const std::int32_t end : ends_) {
      if (!in_context(start) || !in_context(end)) continue;
      if (end < start || end - start >= options_.max_answer_length) continue;
      const auto first = static_cast<std::size_t>(start - window.begin),
                 last = static_cast<std::size_t>(end - window.begin);
      AnswerCandidate candidate;
      candidate.code_points = {window.code_points[first].begin, window.code_points[last].end};
      candidate.bytes = {window.bytes[first].begin, window.bytes[last].end};
      candidate.start_logit = start_logits[static_cast<std::size_t>(start)];
      candidate.end_logit = end_logits[static_cast<std::size_t>(end)];
      candidates_.push_back(candidate);
    }
  }
  keep_best(candidates_, options_.n_best_size);
}

AnswerPrediction AnswerFinder::take(std::string_view context) {
  AnswerPrediction prediction;
  std::vector<AnswerCandidate>& n_best = prediction.n_best;
  n_best = std::exchange(candidates_, {});
  const std::optional<AnswerCandidate> null = std::exchange(null_, std::nullopt);
  const bool may_be_null = options_.version_2_with_negative && null.has_value();
  if (may_be_null) {
    n_best.push_back(*null);
    keep_best(n_best, options_.n_best_size);
    const auto is_null = [](const AnswerCandidate& candidate) { return candidate.is_null(); };
    if (std::none_of(n_best.begin(), n_best.end(), is_null)) n_best.push_back(*null);
  }
  for (AnswerCandidate& candidate : n_best)
    candidate.text = context.substr(candidate.bytes.begin, candidate.bytes.end - candidate.bytes.begin);
  add_probabilities(n_best);
  for (const AnswerCandidate& candidate : n_best) {
    if (candidate.is_null()) continue;
    prediction.best_non_null = candidate;
    break;
  }
  prediction.best = prediction.best_non_null;
  if (may_be_null) {
    const AnswerCandidate& best = prediction.best_non_null;
    prediction.null_odds = sum(*null) - best.start_logit - best.end_logit;
    if (best.is_null() || *prediction.null_odds > options_.null_score_diff_threshold) {
      prediction.best =
          *std::find_if(n_best.begin(), n_best.end(), [](const AnswerCandidate& c) { return c.is_null(); });
    }
  }
  return prediction;
}

AnswerPrediction predict_answer(const QuestionAnsweringFeatures& features, std::int64_t question,
                                std::string_view context, std::span<const float> start_logits,
                                std::span<const float> end_logits, const AnswerOptions& options) {
  AnswerFinder finder(options);
  const auto place = static_cast<std::size_t>(question);
  std::size_t at = 0;
  for (std::int64_t row = features.first_rows[place]; row < features.first_rows[place + 1]; ++row) {
    const auto size = static_cast<std::size_t>(features.begins[static_cast<std::size_t>(row) + 1] -
                                               features.begins[static_cast<std::size_t>(row)]);
    if (start_logits.size() < at + size || end_logits.size() < at + size)
      throw Error("there are fewer logits than the windows of the question have tokens");
    finder.add_window(features.window(row), start_logits.subspan(at, size), end_logits.subspan(at, size));
    at += size;
  }
  return finder.take(context);
}

}  // namespace bertune::tasks
