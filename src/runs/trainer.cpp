#include "bertune/trainer.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "core/names.h"
#include "insight/results/seed_group.h"
#include "runs/cross_validation.h"
#include "runs/fine_tuning.h"
#include "runs/output.h"
#include "runs/public_result.h"
#include "runs/seed_runs.h"

namespace bertune::runs {

TrainOptions run_options(const bertune::TrainOptions& options) {
  TrainOptions run;
  run.model = options.model;
  run.base = options.base;
  run.task = options.task;
  run.method = options.method;
  run.arguments = train::TrainingArguments(options.arguments);
  run.hidden_dropout = options.hidden_dropout;
  run.attention_dropout = options.attention_dropout;
  run.classifier_dropout = options.classifier_dropout;
  run.ignore_mismatched_sizes = options.ignore_mismatched_sizes;
  run.overwrite = options.overwrite;
  run.max_prediction_rows = options.max_prediction_rows;
  run.stop = options.stop;
  tasks::TrainingFiles& files = run.files;
  files.train = options.train, files.validation = options.validation, files.test = options.test;
  files.data = tasks::FileOptions{options.data};
  files.problem_type = options.problem_type;
  files.label_all_tokens = options.label_all_tokens;
  files.sentence_embedding.pooling = options.pooling;
  files.sentence_embedding.loss = options.embedding_loss;
  files.question_answering.doc_stride = options.doc_stride;
  files.question_answering.n_best_size = options.n_best_size;
  files.question_answering.max_answer_length = options.max_answer_length;
  files.question_answering.version_2_with_negative = options.version_2_with_negative;
  files.max_length = options.max_length;
  files.long_text = options.long_text;
  files.validation_split = options.validation_split;
  files.exclude = options.exclude, files.relabel = options.relabel;
  files.shuffle_rows = options.shuffle_rows;
  files.max_train_rows = options.max_train_rows;
  files.max_validation_rows = options.max_validation_rows;
  files.max_test_rows = options.max_test_rows;
  files.seed = options.split_seed.value_or(options.arguments.seed);
  files.own_seed = files.seed != options.arguments.seed;
  files.checks_data = options.check_data;
  return run;
}

MetricValues numbers_of(const Json& metrics) {
  MetricValues numbers;
  for (const auto& [name, value] : metrics.items())
    numbers[name] = value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
  return numbers;
}

Prepared::Prepared(const bertune::TrainOptions& options, const TrainOptions& run)
    : observer(options.on_event), lock(prepare_output(run)), base(open_base_model(run)) {
  const tasks::TaskGuess guess = task_of(run);
  task = guess.task;
  if (std::string note = detection_note(run, guess); !note.empty()) observer.on(Note{std::move(note)});
}

}  // namespace bertune::runs

namespace bertune {

using runs::numbers_of, runs::Prepared, runs::run_options;

namespace {

constexpr Names kMethods(std::to_array<Named<Method>>({{Method::fine_tune, "fine-tune"},
                                                       {Method::frozen, "frozen"},
                                                       {Method::contrastive, "contrastive"},
                                                       {Method::automatic, "auto"}}));

}  // namespace

std::string_view to_string(Method method) { return kMethods.of(method); }

Method method_from_string(std::string_view name) {
  if (const auto method = kMethods.find(name)) return *method;
  throw UsageError("method", fmt::format("`method` is \"{}\"; it must be {}", name, kMethods.choices("or")));
}

TrainResult fine_tune(const TrainOptions& options) {
  const runs::TrainOptions run = run_options(options);
  runs::validate(run);
  Prepared prepared(options, run);
  runs::FinishedRun done = runs::fine_tune(run, prepared.base, *prepared.task, prepared.observer);
  return runs::public_result(std::move(done), run.arguments.output_dir, prepared.task->name,
                             prepared.observer.take_findings());
}

CrossValidation cross_validate(const TrainOptions& options, const FoldOptions& folds) {
  runs::TrainOptions run = run_options(options);
  if (folds.fold_column.empty() || folds.folds) run.folds = folds.folds.value_or(5);
  run.files.fold_column = folds.fold_column;
  run.keep_folds = folds.keep_models;
  runs::validate(run);
  Prepared prepared(options, run);
  runs::CrossValidated done = runs::cross_validate(run, prepared.base, *prepared.task, prepared.observer);
  CrossValidation result{.folder = run.arguments.output_dir,
                         .task = std::string(prepared.task->name),
                         .folds = {},
                         .mean = numbers_of(done.results.at("mean")),
                         .standard_deviation = numbers_of(done.results.at("std")),
                         .models = std::move(done.folders),
                         .findings = prepared.observer.take_findings()};
  for (const Json& fold : done.folds) result.folds.push_back(numbers_of(fold.at("metrics")));
  return result;
}

SeedRuns train_seeds(const TrainOptions& options, const SeedOptions& seeds) {
  runs::TrainOptions run = run_options(options);
  run.seeds = seeds.seeds;
  run.keep = seeds.keep_all ? runs::KeptModels::all : runs::KeptModels::best;
  runs::validate(run);
  Prepared prepared(options, run);
  const runs::SeedRuns done = runs::train_seeds(run, prepared.base, *prepared.task, prepared.observer);
  SeedRuns result{.folder = run.arguments.output_dir,
                  .task = std::string(prepared.task->name),
                  .runs = {},
                  .mean = numbers_of(done.results.at("mean")),
                  .standard_deviation = numbers_of(done.results.at("std")),
                  .minimum = numbers_of(done.results.at("min")),
                  .maximum = numbers_of(done.results.at("max")),
                  .best = {},
                  .findings = prepared.observer.take_findings()};
  for (std::size_t i = 0; i < done.seeds.size(); ++i) {
    if (done.best == done.seeds[i]) result.best = i;
    result.runs.push_back({.seed = done.seeds[i],
                           .folder = insight::folder_of_seed(result.folder, done.seeds[i]),
                           .metrics = numbers_of(done.runs[i].at("metrics"))});
  }
  return result;
}

}  // namespace bertune
