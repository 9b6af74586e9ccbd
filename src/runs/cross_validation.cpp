#include "runs/cross_validation.h"

#include <fmt/format.h>

#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/writing.h"
#include "data/splits/given_folds.h"
#include "distributed/ranks.h"
#include "insight/results/prediction_table.h"
#include "runs/fold_column.h"
#include "runs/fold_folders.h"
#include "runs/output.h"
#include "runs/part_statistics.h"
#include "runs/training_run.h"
#include "train/checkpoints.h"
#include "train/evaluation.h"
#include "train/trainer.h"

namespace bertune::runs {
namespace {

// All ranks of a job train the folds together, one after another, and rank 0 reads and writes their folders.
class CrossValidation {
 public:
  CrossValidation(TrainOptions options, const BaseModel& base, const tasks::TaskEntry& task,
                  train::Observer& observer)
      : options_(std::move(options)),
        base_(base),
        task_(task),
        observer_(observer),
        folders_(options_.arguments.output_dir, options_.files.fold) {}

  CrossValidated run() {
    if (distributed::is_first()) folders_.prepare(options_);
    for (std::int64_t i = 0; i < folders_.count(); ++i) {
      finish_fold(i);
      if (options_.keep_folds) done_.folders.push_back(folders_.folder(i));
    }
    if (!distributed::is_first()) return std::move(done_);
    folders_.join_predictions();
    folders_.join_tables();
    write_results();
    return std::move(done_);
  }

 private:
  // The training of a fold is that of a run of its own, in a folder of its own.
  TrainOptions options_of(std::int64_t fold) const {
    TrainOptions options = options_;
    const fs::path folder = folders_.folder(fold);
    options.files.fold.number = fold;
    options.files.checks_data = options_.files.checks_data && fold == 0;  // the data are the same
    options.arguments.output_dir = folder;
    const auto begun = [&] {
      recover_folder(folder);
      return std::string(train::checkpoints(folder).empty() ? "no" : "yes");
    };
    const bool has_begun = distributed::from_first(begun, "the checkpoints of a fold") == "yes";
    options.arguments.resume = options_.arguments.resume && has_begun;
    return options;
  }

  void finish_fold(std::int64_t fold) {
    TrainOptions options = options_of(fold);
    tasks::TrainingData data = read_training(options, base_, task_, observer_);
    for (TrainOptions* each : {&options_, &options}) each->arguments.settle(*data.task);
    const Json identity = {{"arguments", options_.arguments.to_json()},
                           {"folds", folders_.count()},
                           {"test", data.test->fingerprint()},
                           {"train", data.train->fingerprint()}};
    if (fold == 0) {
      identity_ = identity;
      if (distributed::is_first()) {
        if (options_.arguments.resume) folders_.require_unfinished(identity);
        write_settings(options_, data);
      }
    }
    observer_.on(FoldBegins{.fold = fold,
                            .folds = folders_.count(),
                            .name = folders_.title(fold),
                            .given = options_.files.fold.given != nullptr,
                            .train_rows = data.train->items(),
                            .test_rows = data.test->items()});
    if (options_.arguments.resume && take_over(fold, identity)) return;
    train_fold(fold, options, data, identity);
  }

  void fold_ended(std::int64_t fold, const Metrics* metrics) {
    observer_.on(FoldEnded{.fold = fold,
                           .folds = folders_.count(),
                           .name = folders_.title(fold),
                           .done_before = metrics == nullptr,
                           .metrics = metrics == nullptr ? Metrics() : *metrics});
  }

  // Takes over a fold that an interrupted run has finished.
  bool take_over(std::int64_t fold, const Json& identity) {
    const auto read = [&] { return dump_json(folders_.finished_results(fold, identity), -1); };
    Json results = parse_json(distributed::from_first(read, "the results of a fold"), "a fold");
    if (results.is_null()) return false;
    done_.folds.push_back(std::move(results));
    fold_ended(fold, nullptr);
    return true;
  }

  void train_fold(std::int64_t fold, const TrainOptions& options, tasks::TrainingData& data,
                  const Json& identity) {
    BertPreTrainedModel model = new_model(options, *data.task);
    set_up_fine_tuning(options, data, model);
    train::Trainer trainer(model, base_.tokenizer, options.arguments, observer_, *data.task, data.row_name);
    const fs::path folder = folders_.folder(fold);
    if (distributed::is_first()) {
      writing::make_folders(folder);  // what is refused before leaves none
      require_disk(options, model, trainer);
    }
    const train::TrainingResult trained = trainer.train(*data.train, data.validation.get(), options.stop);
    observer_.on(TrainingEnded{trained.state.global_step});
    const std::int64_t batch_size = options.arguments.eval_batch_size;
    train::RecordKeeper records(*data.task, *data.test, options.max_prediction_rows);
    const Metrics metrics = train::evaluate(
        model, *data.task, *data.test, batch_size,
        [&](std::int64_t rows) {
          observer_.on(EvaluationProgress{rows, data.test->rows()});
        },
        options.stop, records.recorder());
    fold_ended(fold, &metrics);
    Json results = {{"fold", folders_.name(fold)},      {"metrics", metric_values(metrics)},
                    {"rows", data.test->items()},       {"runtime", trained.runtime},
                    {"train_loss", trained.train_loss}, {"train_rows", data.train->items()}};
    const std::vector<tasks::TestLine> lines = train::test_lines(model, data, batch_size, options.stop);
    if (distributed::is_first()) {
      folders_.save_predictions(fold, lines);
      folders_.save_table(fold, table_of(options, data, records.take(), lines));
    }
    if (options_.keep_folds) save_trained_model(folder, options, data, base_.tokenizer, model);
    if (distributed::is_first()) {
      folders_.save_results(fold, results, identity);
      if (!options_.arguments.keep_checkpoints) train::remove_checkpoints_except(folder, {});
    }
    done_.folds.push_back(std::move(results));
  }

  // The rows are numbered as in the file.
  static insight::PredictionTable table_of(const TrainOptions& options, const tasks::TrainingData& data,
                                           const std::shared_ptr<const tasks::Records>& records,
                                           const std::vector<tasks::TestLine>& lines) {
    insight::PredictionTable table{.task = std::string(data.task->name())};
    if (!data.item_text) return table;
    insight::add_set(table, insight::kOutOfFoldSet, options.files.train.string(), records.get(),
                     [&](const std::string&, std::int64_t item) { return data.item_text("test", item); });
    for (insight::PredictedSet& set : table.sets)
      for (insight::PredictedRow& row : set.rows) row.row = lines.at(static_cast<std::size_t>(row.row)).row;
    return table;
  }

  void write_results() {
    Json& results = done_.results = part_statistics(done_.folds);
    results["folds"] = folders_.count();
    if (const auto& given = options_.files.fold.given) results["fold_column"] = given->column;
    results["fold_results"] = done_.folds;
    results["seed"] = options_.arguments.seed;
    results["bertune_version"] = BERTUNE_VERSION;
    folders_.save_statistics(results, identity_, options_.keep_folds);
  }

  TrainOptions options_;
  const BaseModel& base_;
  const tasks::TaskEntry& task_;
  train::Observer& observer_;
  FoldFolders folders_;
  CrossValidated done_;
  Json identity_;  // of the first fold
};

}  // namespace

CrossValidated cross_validate(const TrainOptions& options, const BaseModel& base,
                              const tasks::TaskEntry& task, train::Observer& observer) {
  TrainOptions folded = options;
  if (!options.files.fold_column.empty()) {
    folded.files.fold = folds_of_column(options.files, options.folds, task.architecture);
  } else {
    folded.files.fold = {.number = 0, .count = options.folds.value_or(0)};
  }
  if (folded.files.fold.count < 2)
    throw UsageError("folds", fmt::format("`folds` is {}; it must be at least 2", folded.files.fold.count));
  if (options.arguments.on_collapse == OnCollapse::retry)
    throw UsageError("on_collapse", "`on_collapse=retry` does not fit `folds`; take stop or warn");
  folded.files.test.clear();
  return CrossValidation(std::move(folded), base, task, observer).run();
}

}  // namespace bertune::runs
