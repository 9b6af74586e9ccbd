// Reads files for text classification: rows, labels, what is held out, and what a trained model is asked.
#pragma once

#include <memory>

#include "tasks/text_classification/task.h"
#include "tasks/training_data.h"

namespace bertune::tasks::text_classification {

// Throws Error naming file:line for what cannot be read or learned from, and UsageError for options that do
// not fit the files.
TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config);
TestData read_test(const TestFile& file, const TrainedModel& model);
std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options);

// The task of a trained model. Throws UsageError for a threshold that is no probability.
std::unique_ptr<TextClassificationTask> trained_task(const TrainedModel& model,
                                                     const PredictionOptions& options);
// Rows of a file as they come: memory does not grow with them. Written as jsonl or csv.
std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options);

}  // namespace bertune::tasks::text_classification
