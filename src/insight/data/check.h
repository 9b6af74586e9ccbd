// Checks the files of a run before there is one, with the model that is to be trained or without.
#pragma once

#include <string>

#include "runs/train_options.h"
#include "tasks/registry/registry.h"
#include "tasks/training_data.h"

namespace bertune::insight {

struct Checked {
  const tasks::TaskEntry* task = nullptr;
  std::string reason;      // why it is that task, where it was detected; may be empty
  tasks::DataFacts facts;  // findings are ranked
};

// Reads options.files for options.task, or the task that the training file shows. All of the training file's
// rows are checked: nothing is held out. With options.model the lengths and the vocabulary are checked too;
// `base` is that of an adapter. Throws as fine_tune does for files that cannot be read.
Checked check_data(runs::TrainOptions options);

}  // namespace bertune::insight
