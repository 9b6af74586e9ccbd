// What the command line adds to the tasks of tasks/registry.
#pragma once

#include <string>
#include <string_view>

#include "cli/options/train_options.h"
#include "tasks/registry/registry.h"

namespace bertune::cli {

// "text-classification, token-classification, ..."
std::string task_names();
// A shell command that uses a model of the task, "{}" being its folder.
std::string_view try_it(Architecture task);

// Reads the files of a run, and prints what was found in them, unless options.json or options.quiet.
tasks::TrainingData read_training(const tasks::TaskEntry& task, const TrainOptions& options,
                                  const BertTokenizer& tokenizer, const BertConfig& config);

}  // namespace bertune::cli
