#include "runs/training_run.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/stopwatch.h"
#include "distributed/ranks.h"
#include "insight/results/prediction_table.h"
#include "runs/output.h"
#include "runs/run_plan.h"
#include "tasks/trained_settings.h"
#include "train/checkpoints.h"
#include "train/evaluation.h"
#include "train/loss.h"
#include "train/model_folder.h"

namespace bertune::runs {

void set_up_fine_tuning(const TrainOptions& options, const tasks::TrainingData& data,
                        BertPreTrainedModel& model) {
  const train::TrainingArguments& arguments = options.arguments;
  const Architecture task = data.task->architecture();
  const bool rows_repeat = task != Architecture::pretraining &&
                           task != Architecture::masked_lm &&  // which draws new rows each epoch
                           (arguments.max_steps > 0 || arguments.num_train_epochs > 1);
  train::apply(arguments.fine_tuning, model, rows_repeat);
}

Json save_trained_model(const fs::path& folder, const TrainOptions& options, const tasks::TrainingData& data,
                        const BertTokenizer& tokenizer, BertPreTrainedModel& model) {
  Json settings = data.settings;
  settings[tasks::keys::kBertuneVersion] = BERTUNE_VERSION;
  settings[tasks::keys::kTask] = data.task->name();
  settings[tasks::keys::kArguments] = options.arguments.to_json();
  if (!model.loss_options().is_plain()) settings[tasks::keys::kLoss] = train::kept_loss(model);
  if (options.arguments.fine_tuning.merge_lora) model.merge_lora();
  if (distributed::is_first())
    train::save_model_folder(folder, model, tokenizer, settings, options.arguments.save_dtype);
  return settings;
}

namespace {

ModelLoaded loaded_event(const TrainOptions& options, const BertPreTrainedModel& model) {
  return {.folder = options.model,
          .num_hidden_layers = model.config().num_hidden_layers,
          .hidden_size = model.config().hidden_size,
          .parameters = model.parameters().count(),
          .trained_parameters = model.parameters().trainable_count(),
          .precision = train::precision_of(options.arguments.precision),
          .report = model.load_report()};
}

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

Json train_values(const train::TrainingResult& result, std::int64_t rows) {
  const double seconds = std::max(result.runtime, 1e-9);
  return {{"epoch", result.epochs},
          {"loss", result.train_loss},
          {"runtime", result.runtime},
          {"samples", rows},
          {"samples_per_second", static_cast<double>(result.samples) / seconds},
          {"steps_per_second", static_cast<double>(result.state.global_step) / seconds},
          {"tokens_per_second", static_cast<double>(result.state.tokens) / seconds}};
}

// The end of a run, once its model is trained. All ranks of a job come here, and rank 0 writes.
class Finish {
 public:
  Finish(const TrainOptions& options, const BertTokenizer& tokenizer, BertPreTrainedModel& model,
         tasks::TrainingData& data, train::Observer& observer)
      : options_(options), tokenizer_(tokenizer), model_(model), data_(data), observer_(observer) {}

  // The model is saved before it is tested: a failure from here on loses a number, not the training.
  FinishedRun run(train::TrainingResult training) {
    save();
    finished_.training = std::move(training);
    if (const LoraConfig* adapter = model_.lora()) finished_.adapter = *adapter;
    finished_.results["train"] = train_values(finished_.training, data_.train->rows());
    if (data_.validation) tune();
    if (data_.test) test();
    finished_.settings = settings_;
    finished_.results["train"]["peak_rss_mib"] = peak_rss_mib();
    if (!distributed::is_first()) return std::move(finished_);
    write_results(output(), finished_.results);
    write_predictions();
    const train::TrainingResult& result = finished_.training;
    train::finish_run(output(), result.state, result.identity, result.plan,
                      options_.arguments.keep_checkpoints);
    return std::move(finished_);
  }

 private:
  const fs::path& output() const { return options_.arguments.output_dir; }

  void save() {
    settings_ = save_trained_model(output(), options_, data_, tokenizer_, model_);
    if (options_.arguments.save_dtype != SaveDtype::float32) {
      if (distributed::is_first()) model_.load_weights(output());  // what is tested is what was saved
      train::share_weights(model_);
    }
    observer_.on(ModelSaved{output()});
  }

  // `name`: that of the set in the prediction table.
  Metrics measure(const std::string& set, const std::string& name, const tasks::Examples& examples) {
    const Stopwatch watch;
    train::RecordKeeper records(*data_.task, examples, options_.max_prediction_rows);
    const auto progress = [&](std::int64_t rows) { observer_.on(EvaluationProgress{rows, examples.rows()}); };
    Metrics metrics = train::evaluate(model_, *data_.task, examples, options_.arguments.eval_batch_size,
                                      progress, options_.stop, records.recorder());
    predicted_.emplace_back(name, records.take());
    keep(set, metrics, examples.items(), watch.seconds());
    return metrics;
  }

  void keep(const std::string& set, const Metrics& metrics, std::int64_t rows, double seconds) {
    finished_.results[set] = evaluation_values(metrics, rows, std::max(seconds, 1e-9));
  }

  // The same weights give the same metrics: they are measured again only where the run changed them since.
  Metrics validation_metrics() {
    const std::optional<train::Evaluated>& known = finished_.training.evaluation;
    const bool changed =
        options_.arguments.fine_tuning.merge_lora || options_.arguments.save_dtype != SaveDtype::float32;
    if (!known || changed) return measure("eval", "validation", *data_.validation);
    predicted_.emplace_back("validation", known->records);
    keep("eval", known->metrics, data_.validation->items(), known->seconds);
    return known->metrics;
  }

  void tune() {
    finished_.validation_metrics = validation_metrics();
    const Json tuned = data_.task->tune(*finished_.validation_metrics);
    if (tuned.empty()) return;
    settings_.update(tuned);
    if (distributed::is_first()) train::save_settings(output(), settings_);
    observer_.on(Note{fmt::format("best on validation and kept with the model: {}", tuned.dump())});
  }

  void test() {
    finished_.test_metrics = measure("test", "test", *data_.test);
    observer_.on(Tested{*finished_.test_metrics});
  }

  void write_predictions() {
    insight::PredictionTable table{.task = std::string(data_.task->name())};
    const tasks::TrainingFiles& files = options_.files;
    for (const auto& [name, records] : predicted_) {
      const fs::path& path = name == "test"             ? files.test
                             : files.validation.empty() ? files.train
                                                        : files.validation;
      insight::add_set(table, name, path.string(), records.get(), data_.item_text);
    }
    // Validation rows are measured before the threshold is tuned on them.
    if (table.form.outcome == tasks::Outcome::labels)
      table.form.threshold = tasks::setting(settings_, tasks::keys::kThreshold, table.form.threshold);
    insight::write_predictions(output(), table);
  }

  const TrainOptions& options_;
  const BertTokenizer& tokenizer_;
  BertPreTrainedModel& model_;
  tasks::TrainingData& data_;
  train::Observer& observer_;
  Json settings_;
  std::vector<std::pair<std::string, std::shared_ptr<const tasks::Records>>> predicted_;
  FinishedRun finished_;
};

}  // namespace

void begin_training(const TrainOptions& options, const BertPreTrainedModel& model,
                    const tasks::TrainingData& data, train::Observer& observer) {
  observer.on(loaded_event(options, model));
  if (distributed::is_first()) write_settings(options, data);
}

FinishedRun finish_training(const TrainOptions& options, const BertTokenizer& tokenizer,
                            BertPreTrainedModel& model, tasks::TrainingData& data, train::Observer& observer,
                            train::TrainingResult training) {
  training.state.log_history.insert(training.state.log_history.begin(), options.retries.begin(),
                                    options.retries.end());
  observer.on(TrainingEnded{training.state.global_step});
  return Finish(options, tokenizer, model, data, observer).run(std::move(training));
}

FinishedRun run_training(const TrainOptions& options, const BertTokenizer& tokenizer,
                         BertPreTrainedModel& model, tasks::TrainingData& data, train::Observer& observer) {
  data.task->restore_thresholds(data.settings);  // an earlier run on the same data has tuned its own
  set_up_fine_tuning(options, data, model);
  observer.on(loaded_event(options, model));
  train::Trainer trainer(model, tokenizer, options.arguments, observer, *data.task, data.row_name);
  trainer.keep_records(options.max_prediction_rows);
  if (distributed::is_first()) {
    require_disk(options, model, trainer);
    write_settings(options, data);
  }
  const Architecture architecture = data.task->architecture();
  std::optional<RunPlan> plan;
  if (architecture != Architecture::pretraining && architecture != Architecture::masked_lm) {
    plan = plan_run(options.arguments, model, trainer, *data.train, data);
    observer.on(RunPlanned{*plan});
  }
  train::TrainingResult result = trainer.train(*data.train, data.validation.get(), options.stop);
  FinishedRun finished = finish_training(options, tokenizer, model, data, observer, std::move(result));
  finished.plan = plan;
  return finished;
}

}  // namespace bertune::runs
