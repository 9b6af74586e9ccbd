// Fine-tunes a model with files of labeled rows, as `train` of the program does it: reads and checks the
// data, trains with checkpoints, keeps the best model by validation, tests it, and leaves a folder that a
// Predictor reads.
//
//     bertune::TrainOptions options;
//     options.model = "bert-base-uncased-folder", options.train = "train.csv", options.test = "test.csv";
//     options.arguments.output_dir = "my-model";
//     const bertune::TrainResult result = bertune::fine_tune(options);
//     result.test->value("accuracy");
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/dataset.h"
#include "bertune/events.h"
#include "bertune/export.h"
#include "bertune/findings.h"
#include "bertune/long_text.h"
#include "bertune/metrics.h"
#include "bertune/training_arguments.h"

namespace bertune {

// The way in which a model of texts with labels learns. fine_tune: all weights, as everywhere else. The
// others are for few rows (docs/few_labels.md). frozen: a linear classifier on the mean of the encoder's last
// hidden states, which stays as it is. contrastive: first the encoder learns from pairs of texts which are
// alike, then the classifier (SetFit). automatic: with fewer than about 50 rows a label, the one that is best
// in a cross-validation; else fine_tune.
enum class Method { fine_tune, frozen, contrastive, automatic };
BERTUNE_EXPORT std::string_view to_string(Method method);         // "fine-tune", "frozen", ..., "auto"
BERTUNE_EXPORT Method method_from_string(std::string_view name);  // throws UsageError, naming the choices

// Options of fine-tuning; names and defaults are those of the program (docs/training.md).
struct TrainOptions {
  std::filesystem::path model;                    // folder of the pre-trained checkpoint; see resolve_model
  std::filesystem::path base;                     // where `model` is an adapter: see LoadOptions::base
  std::filesystem::path train, validation, test;  // files of labeled rows; the last two may be empty
  FileOptions data;                               // how they are read
  std::string task;  // "text-classification", "token-classification", ...; empty: by the data
  Method method = Method::fine_tune;  // of texts with labels
  std::string problem_type;  // of text classification, as Transformers names them; empty: by the labels
  std::optional<std::int64_t> max_length;  // tokens per text; unset: the task's default
  LongTextOptions long_text = {};          // of texts with classes, labels or numbers; see choose_long_text()
  // The share of the training rows that is held out without a validation file; 0: none. Unset: a tenth, at
  // most 10,000 rows.
  std::optional<double> validation_split;
  // The seed of the rows that are held out or drawn; unset: arguments.seed.
  std::optional<std::uint64_t> split_seed;
  // Files of corrections (bertune/noise.h, docs/noise.md): rows to train on that are left out, or get the
  // label of the column `correct`. They count before rows are held out.
  std::filesystem::path exclude = {}, relabel = {};
  bool shuffle_rows = false;  // max_train_rows are drawn from all rows by the seed, and not the first ones
  std::int64_t max_train_rows = -1, max_validation_rows = -1, max_test_rows = -1;  // negative: all
  std::optional<double> hidden_dropout, attention_dropout, classifier_dropout;     // else the checkpoint's
  bool label_all_tokens = false;        // token classification: every piece of a word has its label
  std::string pooling, embedding_loss;  // sentence embeddings; empty: by the model and the data
  std::optional<std::int64_t> doc_stride, n_best_size, max_answer_length;  // question answering
  bool version_2_with_negative = false;  // question answering: a question may have no answer
  bool ignore_mismatched_sizes = false;  // a new head where the checkpoint's has another number of labels
  bool check_data = true;                // look for what is odd in the rows: findings.h, DataRead
  std::int64_t max_prediction_rows = 100'000;  // that predictions.json keeps of each set; 0: none
  bool overwrite = false;                      // start over in an output folder that holds a model
  TrainingArguments arguments;                 // output_dir must be given

  // Receives the events of the run, on the calling thread; an exception that it throws ends the run.
  std::function<void(const Event& event)> on_event;
  std::stop_token stop;  // asked between steps
};

struct TrainResult {
  std::filesystem::path folder;  // of the model
  std::string task;
  std::int64_t steps = 0;
  double epochs = 0;
  double train_loss = 0;                    // mean over the steps
  double runtime = 0;                       // seconds of training, evaluations during it included
  std::int64_t best_step = 0;               // whose weights the model has, where there was a validation set
  std::string stopped_early;                // why, in words; empty: it was not
  std::optional<Metrics> validation, test;  // of the finished model, where there is such a set
  std::vector<Finding> findings;            // what is odd in the data, the most serious first
};

// Runs the training. Throws UsageError for invalid options, Error for files that cannot be read or written
// and for losses that become infinite or NaN, and Interrupted when `stop` is requested, with a checkpoint
// saved: the same options with arguments.resume continue from it.
BERTUNE_EXPORT TrainResult fine_tune(const TrainOptions& options);

// Returns how to read the texts of a run whose options say LongText::automatic, which the functions here do
// not take: the way that is best on training rows which are too long, by cross-validation of linear models on
// features of the model as it is (docs/long_texts.md); of other options, what they say. Writes nothing.
// Throws as fine_tune does.
BERTUNE_EXPORT LongTextOptions choose_long_text(const TrainOptions& options);

// The division of the training file's rows for cross-validation.
struct FoldOptions {
  std::optional<std::int64_t> folds = {};  // how many; unset: 5, or as many as fold_column has values
  std::string fold_column = {};  // a column of the file that names the folds; empty: at random, by the seed
  bool keep_models = false;      // OUTPUT/fold-<i>/ is a model; else only its results stay
};

using MetricValues = std::map<std::string, double>;  // by name (metrics.h); NaN where one is not finite
using FoldMetrics = MetricValues;

struct CrossValidation {
  std::filesystem::path folder;  // with cross_validation.json and out_of_fold.jsonl
  std::string task;
  std::vector<FoldMetrics> folds;             // of each model, on the rows that it has not seen
  FoldMetrics mean, standard_deviation;       // over the folds; the deviation of a sample (n - 1)
  std::vector<std::filesystem::path> models;  // where they were kept
  std::vector<Finding> findings;              // what is odd in the data, the most serious first
};

// Trains a model for each fold, on the rows of the others, and measures it on the fold's rows; options.test
// is not used. Throws as fine_tune does, and UsageError for fewer than two folds; an interrupted run
// continues with arguments.resume.
BERTUNE_EXPORT CrossValidation cross_validate(const TrainOptions& options, const FoldOptions& folds = {});

// Several runs that differ in the seed alone.
struct SeedOptions {
  std::int64_t seeds = 5;  // arguments.seed and those after it
  bool keep_all = false;   // OUTPUT/seed-<seed>/ is a model; else only its results and predictions stay
};

struct SeedRun {
  std::uint64_t seed = 0;
  std::filesystem::path folder;
  MetricValues metrics;  // "eval_accuracy" of validation rows, "test_accuracy" of test rows, ...
};

struct SeedRuns {
  std::filesystem::path folder;  // of the best run's model, with seeds.json
  std::string task;
  std::vector<SeedRun> runs;
  MetricValues mean, standard_deviation, minimum, maximum;  // over the runs; the deviation of a sample
  std::optional<std::size_t> best;  // of `runs`, on validation rows; unset without any
  std::vector<Finding> findings;    // what is odd in the data, the most serious first
};

// Trains and tests with each seed, on the same rows; the model that is best on the validation rows is the one
// in output_dir. Throws as fine_tune does, and UsageError for fewer than two seeds, and where there are no
// validation rows unless all models are kept; an interrupted run continues with arguments.resume.
BERTUNE_EXPORT SeedRuns train_seeds(const TrainOptions& options, const SeedOptions& seeds = {});

}  // namespace bertune
