// The choice of the method for few labels (Method::automatic): a cross-validation on the rows to train on, as
// much of it as the choice needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bertune/trainer.h"
#include "runs/fine_tuning.h"
#include "tasks/training_data.h"

namespace bertune::runs {

// The file of the output folder with what a comparison found.
inline constexpr const char* kMethodFile = "method.json";

// Contrastive learning is judged by one in so many of its steps: the first ones change the most.
inline constexpr std::int64_t kJudgedShare = 4;

// The score of a method on rows that it had not learned.
struct MethodScore {
  Method method = Method::fine_tune;
  double seconds = 0;
  std::vector<double> rows = {};  // of each: whether its class is found, or the F1 of its labels

  double mean() const;
};

// Returns the place of the best in `scores`. The first is taken unless another is better by more than two
// standard errors of the difference: few rows tell methods apart badly, and the first is the one that is
// usually best.
std::size_t best_method(const std::vector<MethodScore>& scores);

// Returns what options.method == automatic comes to, and says why. An interrupted run that continues keeps
// the method that it found.
Method settle_method(const tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
                     train::Observer& observer);

}  // namespace bertune::runs
