// Reads files for question answering: questions, what is held out, and what a trained model is asked.
#pragma once

#include <filesystem>
#include <memory>

#include "tasks/question_answering/task.h"
#include "tasks/training_data.h"

namespace bertune::tasks::question_answering {

// Reads the files and checks their rows, without a model.
DataFacts read_facts(const TrainingFiles& files);

// Throws Error saying where for what cannot be read or learned from, and UsageError for options that do not
// fit the files.
TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config);
TestData read_test(const TestFile& file, const TrainedModel& model);
std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options);

std::unique_ptr<QuestionAnsweringTask> trained_task(const TrainedModel& model,
                                                    const PredictionOptions& options);
// Questions of a file, or as they arrive as JSON Lines on a stream. Written as jsonl.
std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options);

}  // namespace bertune::tasks::question_answering
