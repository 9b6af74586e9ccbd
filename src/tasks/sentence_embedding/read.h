// Pairs of texts to learn sentence embeddings from, with or without scores.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/texts/reader.h"
#include "tasks/sentence_embedding/task.h"
#include "tasks/training_data.h"

namespace bertune::tasks {

// Throws UsageError where rows hold single texts, and Error, naming file:line, for a score that is missing
// where others have one. `with_scores` false: no column is taken for scores.
data::Dataset read_pairs(const std::filesystem::path& path, data::ReadOptions options, bool with_scores);

// The scores as they stand in the file [rows]. Throws Error, naming file:line, for one that is not a number.
std::vector<float> read_scores(const data::Dataset& pairs);

// Returns the divisor that turns scores into cosines: 1 where all lie in [-1, 1], else the largest magnitude
// rounded up (5 of STS-B).
double score_scale(const std::vector<float>& scores);

}  // namespace bertune::tasks

namespace bertune::tasks::sentence_embedding {

// Reads the files and checks their rows, without a model.
DataFacts read_facts(const TrainingFiles& files);

// Throws Error naming file:line for what cannot be read or learned from, and UsageError for options that do
// not fit the files.
TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config);
TestData read_test(const TestFile& file, const TrainedModel& model);
std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options);

std::unique_ptr<SentenceEmbeddingTask> trained_task(const TrainedModel& model,
                                                    const PredictionOptions& options);
// Pairs of a file as they come: how alike their texts are. Written as jsonl or csv. Throws UsageError for
// single texts.
std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options);

}  // namespace bertune::tasks::sentence_embedding
