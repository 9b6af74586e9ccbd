#include "bertune/trainer.h"

#include <fmt/format.h>

#include <utility>

#include "runs/fine_tuning.h"
#include "runs/output.h"

namespace bertune {
namespace {

class Callback : public train::Observer {
 public:
  explicit Callback(const std::function<void(const Event&)>& function) : function_(function) {}
  void on(const Event& event) override {
    if (const auto* data = std::get_if<DataRead>(&event)) findings_ = data->findings;
    if (function_) function_(event);
  }
  std::vector<Finding> take_findings() { return std::move(findings_); }

 private:
  const std::function<void(const Event&)>& function_;
  std::vector<Finding> findings_;
};

runs::TrainOptions run_options(const TrainOptions& options) {
  runs::TrainOptions run;
  run.model = options.model;
  run.base = options.base;
  run.task = options.task;
  run.arguments = train::TrainingArguments(options.arguments);
  run.hidden_dropout = options.hidden_dropout;
  run.attention_dropout = options.attention_dropout;
  run.classifier_dropout = options.classifier_dropout;
  run.ignore_mismatched_sizes = options.ignore_mismatched_sizes;
  run.overwrite = options.overwrite;
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
  files.validation_split = options.validation_split;
  files.shuffle_rows = options.shuffle_rows;
  files.max_train_rows = options.max_train_rows;
  files.max_validation_rows = options.max_validation_rows;
  files.max_test_rows = options.max_test_rows;
  files.seed = options.arguments.seed;
  files.checks_data = options.check_data;
  return run;
}

}  // namespace

TrainResult fine_tune(const TrainOptions& options) {
  const runs::TrainOptions run = run_options(options);
  runs::validate(run);
  const FolderLock lock = runs::prepare_output(run);
  const runs::BaseModel base = runs::open_base_model(run);
  const tasks::TaskGuess guess = runs::task_of(run);
  const tasks::TaskEntry& task = *guess.task;
  Callback observer(options.on_event);
  if (!guess.reason.empty()) {
    observer.on(Note{fmt::format("task: {} (detected from {}: {}; change with `task`)", task.name,
                                 run.files.train.string(), guess.reason)});
  }
  runs::FinishedRun done = runs::fine_tune(run, base, task, observer);
  const train::TrainingResult& training = done.training;
  return {.folder = run.arguments.output_dir,
          .task = std::string(task.name),
          .steps = training.state.global_step,
          .epochs = training.epochs,
          .train_loss = training.train_loss,
          .runtime = training.runtime,
          .best_step = training.state.best_step,
          .stopped_early = training.stopped_early,
          .validation = std::move(done.validation_metrics),
          .test = std::move(done.test_metrics),
          .findings = observer.take_findings()};
}

}  // namespace bertune
