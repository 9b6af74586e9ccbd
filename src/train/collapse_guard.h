// CollapseGuard notices a training that has gone wrong for good: the model gives every row the same scores
// and its loss is that of guessing (Mosbach et al. 2021, "On the Stability of Fine-tuning BERT"), or the loss
// runs away. It computes nothing that a healthy run would notice.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/model.h"
#include "tasks/task.h"

namespace bertune::train {

// Ends a run that has collapsed.
class Collapsed : public Error {
 public:
  using Error::Error;
};

// Returns the loss of the best answer that does not look at the row: the entropy of the labels, or the
// variance of the numbers, of at most 2,000 rows; infinity where labels are so rare that a few steps say
// nothing; nothing where the loss is another one, or the head has none.
std::optional<double> guessing_loss(const BertPreTrainedModel& model, const tasks::Examples& examples);

// Returns at most `most` different rows of `rows`, far apart from one another, whatever order the rows have.
std::vector<std::int64_t> spread_rows(std::int64_t rows, std::int64_t most);

// Returns whether what a head gives are answers to single rows, whose scores can be compared.
bool has_answers(Architecture architecture);

// Returns how much the answers to the rows of a batch differ: the mean distance (total variation) of their
// probabilities from the mean ones, from 0 to 1; of numbers, their standard deviation over that of the
// targets. Nothing for heads whose scores have no such meaning.
std::optional<double> answer_spread(const BertPreTrainedModel& model, const Batch& batch,
                                    const ModelOutput& output);

struct LossSpike {
  std::int64_t step = 0;
  double loss = 0;
  std::vector<std::int64_t> rows;  // the first ones of the step
};

class CollapseGuard {
 public:
  // Below this spread all rows get the same answer: a new head begins at about 0.005, and collapsed models
  // have 1e-4 to 1e-6.
  static constexpr double kSameAnswer = 0.001;

  // `guessing`: guessing_loss(); unset: the first steps' mean loss stands for it.
  CollapseGuard(std::int64_t total_steps, std::optional<double> guessing)
      : total_steps_(total_steps), guessing_(guessing) {}

  // Takes the loss of a step, counted from 1. Returns whether the answers should be looked at now: at a few
  // steps of the run, where the recent loss is no better than guessing.
  bool add(std::int64_t step, double loss, std::span<const std::int64_t> rows);
  // Returns why the run has collapsed, given the spread of answers; empty: it has not.
  std::string verdict(double spread) const;
  // Returns why the loss has run away, to several times that of guessing and of its own best; empty: it has
  // not.
  std::string divergence() const;
  // Steps of at least eight rows whose loss is above three times the median of the steps before, and above
  // twice that of guessing.
  const std::vector<LossSpike>& spikes() const { return spikes_; }
  double recent_loss() const;

 private:
  bool is_watched() const { return total_steps_ >= kFewestSteps; }

  static constexpr std::int64_t kFewestSteps = 40;  // a shorter run says too little
  std::int64_t total_steps_, step_ = 0;
  std::optional<double> guessing_;
  double first_sum_ = 0;
  std::int64_t first_steps_ = 0;
  std::optional<double> best_recent_;
  std::deque<double> recent_, before_;  // the last twentieth of the run; up to 50 steps
  std::vector<LossSpike> spikes_;
};

}  // namespace bertune::train
