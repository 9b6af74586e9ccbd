// The loss that a run asks for: class weights from their names or from the training rows.
#pragma once

#include <filesystem>

#include "bertune/config.h"
#include "bertune/loss.h"
#include "bertune/model.h"
#include "core/json.h"
#include "tasks/task.h"
#include "train/arguments.h"

namespace bertune::train {

// Balanced weights are scikit-learn's, n / (k n_c) over the labels that the loss counts; of several labels a
// text, the texts without a label over those with it. Throws UsageError for a label that there is not, a
// weight that is not a number above 0, or a label without rows to balance.
LossOptions loss_options(const TrainingArguments& arguments, const BertConfig& config,
                         const tasks::Examples& train);

// The model's loss as bertune.json keeps it, and from there: a setting that is missing or of another type is
// a plain loss's. Throws Error, naming the folder, for values that cannot be.
Json kept_loss(const BertPreTrainedModel& model);
void restore_loss(BertPreTrainedModel& model, const Json& settings, const std::filesystem::path& directory);

}  // namespace bertune::train
