// Reads files for token classification: sentences, tags, what is held out, and what a trained model is asked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "tasks/token_classification/task.h"
#include "tasks/training_data.h"

namespace bertune::tasks::token_classification {

// Sentences with the ids of their tags, as they are learned from without a tokenizer.
struct LabelledSentences {
  data::TaggedDataset sentences;
  TokenClassification task;
  std::vector<std::int32_t> ids;  // [words of all sentences]
};

// Reads the training file as read_training does; nothing is held out.
LabelledSentences read_labelled(const TrainingFiles& files, const BertConfig& config);
// Returns the words of a sentence with a blank between them, by which each is found again.
ItemText text_of_sentence(const data::TaggedDataset& dataset, std::int64_t item);

// Reads the files and checks their rows, without a model.
DataFacts read_facts(const TrainingFiles& files);

// Throws Error naming file:line for what cannot be read or learned from, and UsageError for options that do
// not fit the files.
TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config);
TestData read_test(const TestFile& file, const TrainedModel& model);
std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options);

std::unique_ptr<TokenClassificationTask> trained_task(const TrainedModel& model,
                                                      const PredictionOptions& options);
// Sentences of a file of tagged words, which keep their words, or texts. Written as jsonl.
std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options);

}  // namespace bertune::tasks::token_classification
