// Reads files for multiple choice: questions, what is held out, and what a trained model is asked.
#pragma once

#include <memory>

#include "tasks/multiple_choice/task.h"
#include "tasks/training_data.h"

namespace bertune::tasks::multiple_choice {

// Reads the files and checks their rows, without a model.
DataFacts read_facts(const TrainingFiles& files);

// Throws Error naming file:line for what cannot be read or learned from, and UsageError for options that do
// not fit the files.
TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config);
TestData read_test(const TestFile& file, const TrainedModel& model);
std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options);

std::unique_ptr<MultipleChoiceTask> trained_task(const TrainedModel& model, const PredictionOptions& options);
// Questions of a file, or as they arrive as JSON Lines on a stream. Written as jsonl.
std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options);

}  // namespace bertune::tasks::multiple_choice
