// Rows of a file, judged by models that have not seen them (bertune/noise.h).
#pragma once

#include <cstdint>

#include "insight/data/encoding.h"
#include "insight/results/prediction_table.h"
#include "runs/train_options.h"
#include "tasks/registry/registry.h"

namespace bertune::insight {

// Divides the rows of options.files.train into folds, rows with the same texts in one, and predicts each by
// linear models that are trained on the other folds: one on features of options.model, one on TF-IDF (of
// texts), their logits averaged. Returns a table with the set kOutOfFoldSet. Throws as
// measure_baselines does, and UsageError for other tasks than classes, several labels, tagged words and
// numbers.
PredictionTable judge_rows(const runs::TrainOptions& options, const tasks::TaskEntry& task,
                           std::int64_t folds, const Encoding& encoding);

// Throws UsageError unless the labels of a task can be judged.
void require_label_noise(const tasks::TaskEntry& task);

}  // namespace bertune::insight
