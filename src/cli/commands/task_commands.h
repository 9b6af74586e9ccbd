// What the command line adds to the tasks of tasks/registry.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/options/train_options.h"
#include "tasks/registry/registry.h"

namespace bertune::cli {

// "text-classification, token-classification, ..."
std::string task_names();
// Of a trained model. Throws Error, naming its folder, for heads that no file of rows is for (pre-training).
const tasks::TaskEntry& task_of(Architecture architecture, const std::filesystem::path& directory);
// A shell command that uses a model of the task, "{}" being its folder.
std::string_view try_it(Architecture task);

// Reads the files of a run, and prints what was found in them where they were checked.
tasks::TrainingData read_training(const tasks::TaskEntry& task, const TrainOptions& options,
                                  tasks::TrainingFiles files, const BertTokenizer& tokenizer,
                                  const BertConfig& config);

}  // namespace bertune::cli
