// The learning curve of full trainings (bertune/learning_curve.h has that of frozen features).
#pragma once

#include <vector>

#include "bertune/learning_curve.h"
#include "core/json.h"
#include "runs/fine_tuning.h"

namespace bertune::tasks {
struct TextClassificationExamples;
}

namespace bertune::insight {

// The curve of frozen features, of options.files of a run; options.train, test, model and data are not read.
LearningCurve curve_of_features(const runs::TrainOptions& run, const CurveOptions& options);

// Trains models (runs/fine_tuning.h) on 12.5, 25, 50 and 100% of the rows, each in a folder rows-<n> of
// options.arguments.output_dir; those that are finished there are taken over. Throws as fine_tune, and
// UsageError without a test file and for tasks whose metric is no mean over rows.
LearningCurve curve_of_trainings(const runs::TrainOptions& options, const runs::BaseModel& base,
                                 const tasks::TaskEntry& task, train::Observer& observer);

// Returns the rows in an order whose beginnings have each class in its share, as far as that is possible.
std::vector<std::int64_t> stratified_order(const tasks::TextClassificationExamples& texts,
                                           std::vector<std::int64_t> rows, std::uint64_t seed);

// {"metric", "train_rows", "measured_rows", "repetitions", "points": [{"rows", "score", "low", "high"}],
// "fit": {"a", "b", "c"}, "twice": {"rows", "score", "gain", "low", "high", "holds"}}
Json to_json(const LearningCurve& curve);

}  // namespace bertune::insight
