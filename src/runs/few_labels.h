// Ways to learn from few labeled texts: a linear classifier on frozen features, and contrastive learning
// before it (SetFit, Tunstall et al. 2022, 2209.11055).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runs/fine_tuning.h"
#include "runs/training_run.h"
#include "tasks/text_classification/contrastive.h"
#include "tasks/text_classification/task.h"
#include "tasks/training_data.h"
#include "train/logistic_regression.h"

namespace bertune::runs {

// Fewer training rows a label than this are few: `method=automatic` compares the methods then.
inline constexpr double kFewRows = 50;

// The rows of a task of texts with labels.
const tasks::TextClassificationExamples& texts_of(const tasks::Examples& examples);

// Throws UsageError where options.method does not fit the task or other options.
void require_method_fits(const TrainOptions& options, const tasks::TaskEntry& task);
// Throws UsageError where the rows have no labels (numbers).
void require_labels(const TrainOptions& options, const tasks::TrainingData& data);

// Returns the training rows a label; nothing for tasks and problems without such.
std::optional<double> rows_per_label(const tasks::TrainingData& data);

bool has_few_rows(const tasks::TrainingData& data);
// Says that other methods may be better than fine-tuning.
std::string few_rows_note(const tasks::TrainingData& data);

// A training run (runs/training_run.h) by options.method, which is not fine_tune, on data that were read for
// options.files. Where fine-tuning was found best, it is what is done.
FinishedRun learn_from_few(tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
                           train::Observer& observer);

// The encoder that learns, with the mean over all tokens.
BertPreTrainedModel new_encoder(const TrainOptions& options);

// Returns arguments.max_steps, or as many as are usual.
std::int64_t contrastive_steps(const train::TrainingArguments& arguments);

// Contrastive learning as a training: each example is a step, and `arguments` take them one by one.
struct ContrastiveTraining {
  tasks::ContrastiveExamples examples;
  train::TrainingArguments arguments;
};
ContrastiveTraining contrastive_training(const tasks::TextClassificationExamples& texts, std::int64_t steps,
                                         const train::TrainingArguments& given);

// Trains the encoder for so many steps, so that texts with the same labels are alike.
train::TrainingResult learn_contrast(BertPreTrainedModel& encoder,
                                     const tasks::TextClassificationExamples& texts, std::int64_t steps,
                                     const TrainOptions& options, const BaseModel& base,
                                     const tasks::Task& task, train::Observer& observer);

// Returns the rows of each of `count` parts, each label dealt evenly.
std::vector<std::vector<std::int64_t>> deal_rows(const tasks::TextClassificationExamples& texts,
                                                 std::int64_t count, std::uint64_t seed,
                                                 std::uint32_t stream);

// Returns the rows from 0 to `count` that are not in `rows`, which ascend.
std::vector<std::int64_t> other_rows(const std::vector<std::int64_t>& rows, std::int64_t count);

// The features [rows, width] with the labels of their texts, as a classifier learns them; and some of the
// rows.
train::LabelledFeatures labelled(const std::vector<float>& features,
                                 const tasks::TextClassificationExamples& texts);
std::vector<float> features_of(const std::vector<float>& features, std::int64_t width,
                               const std::vector<std::int64_t>& rows);

// Returns the label of a row, of several the first; num_labels where it has none.
std::int64_t first_label(const tasks::TextClassificationExamples& texts, std::int64_t row);

// Returns how right the logits of a row are: 1 or 0 of its class; of several labels their F1.
double row_score(std::span<const float> logits, const tasks::TextClassificationExamples& texts,
                 std::size_t row);

// Returns the cost of a classifier (train/logistic_regression.h), of a few the one with the smallest loss in
// a cross-validation.
double cost_of_head(const std::vector<float>& features, const tasks::TextClassificationExamples& texts,
                    std::uint64_t seed);
// Fits a classifier to features [rows, width] of the texts.
train::LogisticRegression fit_head(const std::vector<float>& features,
                                   const tasks::TextClassificationExamples& texts, std::uint64_t seed);

}  // namespace bertune::runs
