// The choice of how a training reads texts that are longer than the model takes, where that is left to the
// data (LongText::automatic).
#pragma once

#include "runs/fine_tuning.h"
#include "runs/train_options.h"

namespace bertune::insight {

// Has the options say one of the three ways, and notes why; changes nothing where they do already. Texts are
// truncated where no more than a tenth of the training rows are too long. Else the three are compared on rows
// that are too long, by cross-validation of linear models on the features of the encoder as it is, which are
// the means of its last hidden states; the best one is taken. This computes at most a quarter of what a
// training in windows does, or what 50 rows take.
//
// What was found is left in OUTPUT/long_text.json, which a run that is resumed reads, unless the output
// folder is not to be written. All ranks must call it. Throws UsageError for a task whose texts are read
// otherwise.
void settle_long_text(runs::TrainOptions& options, const runs::BaseModel& base, const tasks::TaskEntry& task,
                      train::Observer& observer, bool writes = true);

}  // namespace bertune::insight
