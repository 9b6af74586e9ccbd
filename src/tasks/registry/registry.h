// All tasks that files can be read for: what to call them, and how each reads and predicts.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/model.h"
#include "tasks/request.h"
#include "tasks/training_data.h"

namespace bertune::tasks {

struct TaskEntry {
  std::string_view name;  // "text-classification", ...
  Architecture architecture;
  TrainingData (*read_training)(const TrainingFiles& files, const BertTokenizer& tokenizer,
                                const BertConfig& config);
  // Reads and checks the files alone: what is known of their rows without a model.
  DataFacts (*read_facts)(const TrainingFiles& files);
  TestData (*read_test)(const TestFile& file, const TrainedModel& model);
  std::vector<LabelledInput> (*read_inputs)(const std::filesystem::path& path, const FileOptions& options);
  // Opens a file of inputs for a trained model.
  std::unique_ptr<RequestSource> (*open)(const PredictionFile& file, const TrainedModel& model,
                                         const PredictionOptions& options);
  std::unique_ptr<PredictionTask> (*prediction_task)(const TrainedModel& model,
                                                     const PredictionOptions& options);
};

std::span<const TaskEntry> all_tasks();
std::string task_names();  // "text-classification, token-classification, ..."
// Throws UsageError, naming the choices.
const TaskEntry& task_named(std::string_view name);
// Returns the task of a trained model; null for heads that no file of rows is for (pre-training).
const TaskEntry* task_of(Architecture architecture);

// Throws UsageError where options were given that mean nothing to a head.
void require_long_text_fits(Architecture architecture, const LongTextOptions& given);

// Returns the task for predictions of any head: those of tasks, and masked language models and next-sentence
// prediction. Throws Error, naming the folder, for the head of pre-training.
std::unique_ptr<PredictionTask> prediction_task(Architecture architecture, const TrainedModel& model,
                                                const PredictionOptions& options,
                                                const std::filesystem::path& directory);

}  // namespace bertune::tasks
