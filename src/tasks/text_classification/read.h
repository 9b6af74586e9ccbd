// Reads files for text classification: rows, labels, what is held out, and what a trained model is asked.
#pragma once

#include <memory>

#include "tasks/text_classification/task.h"
#include "tasks/training_data.h"

namespace bertune::tasks::text_classification {

// Rows with their labels, as they are learned from without a tokenizer.
struct LabelledRows {
  data::Dataset rows;
  std::vector<std::int32_t> ids;  // [rows] of single labels
  std::vector<float> targets;     // [rows, labels] of several labels; [rows] of numbers
};

struct LabelledSets {
  ProblemType problem_type = ProblemType::single_label_classification;
  std::vector<std::string> labels;  // in the order of their ids
  LabelledRows train, validation, test;
};

// Reads the files as read_training does: the same rows, held out as there, and the same problem type.
LabelledSets read_labelled(const TrainingFiles& files);

// Reads the files and checks their rows, without a model.
DataFacts read_facts(const TrainingFiles& files);

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
