#include "runs/run_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/counted.h"
#include "core/file.h"
#include "core/large_blocks.h"
#include "core/stopwatch.h"
#include "core/system_memory.h"
#include "runs/few_labels.h"
#include "runs/method_choice.h"
#include "tasks/batches.h"
#include "train/batches.h"
#include "train/evaluation.h"
#include "train/model_folder.h"

namespace bertune::runs {
namespace {

// The largest batch, in tokens and in sequences.
struct Largest {
  std::int64_t tokens = 0, sequences = 0;

  void add(const Largest& other) {
    tokens = std::max(tokens, other.tokens), sequences = std::max(sequences, other.sequences);
  }
};

class BatchSizes {
 public:
  explicit BatchSizes(const tasks::Examples& examples) : examples_(examples) {
    Batch one;
    if (examples.rows() > 0) examples.add_to(one, 0);
    sequences_ = one.sequences() / (examples.rows() > 0 ? examples.windows_of(0) : 1);
  }

  Largest largest(std::span<const std::int64_t> order, std::int64_t batch_size) const {
    Largest found;
    const auto windows_of = [&](std::int64_t row) { return examples_.windows_of(row); };
    for (const auto& batch : train::cut_batches(order, batch_size, windows_of)) {
      std::int64_t tokens = 0, windows = 0;
      for (const std::int64_t row : batch) {
        tokens += examples_.tokens_of_first(row + 1) - examples_.tokens_of_first(row);
        windows += windows_of(row);
      }
      // The windows of a text that are more than a batch takes are several batches.
      const std::int64_t most = std::max<std::int64_t>(windows, 1);
      const std::int64_t taken = std::min(most, batch_size);
      found.add({(tokens * taken + most - 1) / most, taken * sequences_});
    }
    return found;
  }

 private:
  const tasks::Examples& examples_;
  std::int64_t sequences_ = 1;  // of a row, or of a window of it
};

Largest largest_in_training(const train::TrainingArguments& arguments, const tasks::Examples& examples,
                            const train::StepPlan& plan, std::int64_t batch_size) {
  const BatchSizes sizes(examples);
  const std::int64_t rows_per_step = arguments.train_batch_size * arguments.gradient_accumulation_steps;
  Largest found;
  for (std::int64_t first = 0; first < plan.total_steps; first += plan.steps_per_epoch) {
    std::vector<std::int64_t> order = train::epoch_order(
        examples.rows(), arguments.data_seed.value_or(arguments.seed), first / plan.steps_per_epoch);
    const std::int64_t steps = std::min(plan.steps_per_epoch, plan.total_steps - first);
    order.resize(static_cast<std::size_t>(std::min(examples.rows(), steps * rows_per_step)));
    for (const auto& step : train::cut_batches(order, rows_per_step))
      found.add(sizes.largest(step, batch_size));
  }
  return found;
}

// Evaluation reads rows in order.
Largest largest_in_evaluation(const train::TrainingArguments& arguments, const tasks::Examples& rows) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows.rows()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return BatchSizes(rows).largest(order, arguments.eval_batch_size);
}

// Plans a run that takes no step: the memory is that of now, and the disk takes the model.
RunPlan plan_without_steps(const train::TrainingArguments& arguments, const BertPreTrainedModel& model,
                           const tasks::Examples& train) {
  RunPlan plan;
  plan.rows = train.rows(), plan.tokens_per_epoch = train.tokens_of_first(plan.rows);
  // The system drops pages of the files that data lie in.
  plan.resident = large_bytes_in_files() == 0 ? resident_memory() : own_memory();
  plan.memory_available = available_memory();
  plan.disk = train::saved_bytes(model);
  if (!arguments.output_dir.empty()) plan.disk_available = free_disk_bytes(arguments.output_dir);
  return plan;
}

}  // namespace

RunPlan plan_run(const train::TrainingArguments& arguments, const BertPreTrainedModel& model,
                 const train::Trainer& trainer, const tasks::Examples& train,
                 const tasks::TrainingData& data) {
  const train::StepPlan steps = train::plan_steps(arguments, train.rows());
  RunPlan plan = plan_without_steps(arguments, model, train);
  plan.steps_per_epoch = steps.steps_per_epoch, plan.total_steps = steps.total_steps;
  plan.warmup_steps = steps.warmup_steps;
  plan.gradients = model.parameters().trainable_count() * sizeof(float);
  plan.optimizer = trainer.optimizer_bytes();
  plan.disk += 2 * trainer.checkpoint_bytes();
  const auto activations = [&](std::int64_t batch_size) {
    Largest largest = largest_in_training(arguments, train, steps, batch_size);
    // Training memory is laid out for the batches of an evaluation too, once it has run.
    if (data.validation && steps.total_steps > steps.steps_per_epoch)
      largest.add(largest_in_evaluation(arguments, *data.validation));
    plan.largest_batch = largest.tokens;
    return model.activation_bytes(largest.tokens, largest.sequences);
  };
  for (std::int64_t parts = 1;; ++parts) {
    if (arguments.train_batch_size % parts != 0) continue;
    const std::int64_t batch = arguments.train_batch_size / parts;
    plan.activations = activations(batch);
    if (plan.fits_memory() || batch == 1) {
      if (parts > 1 && plan.fits_memory()) {
        plan.smaller_batch = batch, plan.accumulation_steps = parts * arguments.gradient_accumulation_steps;
        plan.activations = activations(arguments.train_batch_size);
      }
      return plan;
    }
  }
}

namespace {

class Silent : public train::Observer {
 public:
  void on(const Event& /*event*/) override {}
};

// Seconds of an evaluation of all rows, from a few batches; one before them makes memory ready.
double evaluation_seconds(std::int64_t batch_size, BertPreTrainedModel& model, const tasks::Examples& rows) {
  constexpr std::int64_t kBatches = 8;
  constexpr double kEnough = 1;  // seconds
  Batch batch;
  double seconds = 0, tokens = 0;
  model.eval();
  const auto measure = [&](std::int64_t first) {
    tasks::take_block(rows, first, batch_size, batch);
    batch.labels.clear(), batch.targets.clear();
    const Stopwatch watch;
    model.forward(batch);
    return watch.seconds();
  };
  measure(0);
  for (std::int64_t i = 0; i < kBatches && i * batch_size < rows.rows() && seconds < kEnough; ++i) {
    seconds += measure(std::min(rows.rows() - 1, i * rows.rows() / kBatches));
    tokens += static_cast<double>(batch.tokens());
  }
  return seconds * static_cast<double>(rows.tokens_of_first(rows.rows())) / std::max(1.0, tokens);
}

// Plans a training on `train`, with the times of the evaluations that belong to it.
ProbedRun probe_training(BertPreTrainedModel& model, tasks::Examples& train,
                         const train::TrainingArguments& arguments, const tasks::TrainingData& data,
                         const BaseModel& base, const std::stop_token& stop) {
  ProbedRun probed;
  Silent silent;
  train::Trainer trainer(model, base.tokenizer, arguments, silent, *data.task, data.row_name);
  RunPlan& plan = probed.plan = plan_run(arguments, model, trainer, train, data);
  const train::ProbedTime per_token = trainer.probe(train, stop);
  const double epochs = static_cast<double>(plan.total_steps) / static_cast<double>(plan.steps_per_epoch);
  const double seconds =
      static_cast<double>(plan.tokens_per_epoch) *
      (per_token.first * std::min(1.0, epochs) + per_token.later * std::max(0.0, epochs - 1));
  plan.step_seconds = seconds / static_cast<double>(std::max<std::int64_t>(1, plan.total_steps));
  if (data.validation)
    probed.validation_seconds = evaluation_seconds(arguments.eval_batch_size, model, *data.validation);
  const double test_seconds =
      data.test ? evaluation_seconds(arguments.eval_batch_size, model, *data.test) : 0;
  plan.seconds = seconds + std::ceil(epochs) * probed.validation_seconds + test_seconds;
  return probed;
}

// Plans a classifier on frozen features, which are those of all texts.
RunPlan probe_frozen(const tasks::TrainingData& data, const train::TrainingArguments& arguments,
                     BertPreTrainedModel& encoder) {
  RunPlan plan = plan_without_steps(arguments, encoder, *data.train);
  const Largest largest = largest_in_evaluation(arguments, *data.train);
  plan.largest_batch = largest.tokens;
  plan.activations = encoder.activation_bytes(largest.tokens, largest.sequences);
  plan.step_seconds = plan.seconds = 0;
  for (const tasks::Examples* rows : {data.train.get(), data.validation.get(), data.test.get()})
    if (rows != nullptr) *plan.seconds += evaluation_seconds(arguments.eval_batch_size, encoder, *rows);
  return plan;
}

// Plans contrastive learning and a classifier after it. For `automatic` that is what is taken most often,
// after a comparison of one part.
RunPlan probe_contrastive(const tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
                          BertPreTrainedModel& encoder) {
  const tasks::TextClassificationExamples& texts = texts_of(*data.train);
  const double reading = evaluation_seconds(options.arguments.eval_batch_size, encoder, texts);
  const std::int64_t steps = contrastive_steps(options.arguments);
  ContrastiveTraining made = contrastive_training(texts, steps, options.arguments);
  train::apply(made.arguments.fine_tuning, encoder, false);
  RunPlan plan = probe_training(encoder, made.examples, made.arguments, data, base, options.stop).plan;
  *plan.seconds += reading;
  if (options.method == Method::automatic)
    *plan.seconds += *plan.step_seconds * static_cast<double>(steps) / kJudgedShare + 2 * reading;
  plan.rows = texts.rows(), plan.tokens_per_epoch = texts.tokens_of_first(texts.rows());
  return plan;
}

RunPlan probe_few_labels(const tasks::TrainingData& data, const TrainOptions& options,
                         const BaseModel& base) {
  BertPreTrainedModel encoder = new_encoder(options);
  return options.method == Method::frozen ? probe_frozen(data, options.arguments, encoder)
                                          : probe_contrastive(data, options, base, encoder);
}

}  // namespace

ProbedRun probe_run_on(tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base) {
  const Stopwatch watch;
  BertPreTrainedModel model = new_model(options, *data.task);
  set_up_fine_tuning(options, data, model);
  const double loading_seconds = watch.seconds();
  ProbedRun probed = probe_training(model, *data.train, options.arguments, data, base, options.stop);
  probed.loading_seconds = loading_seconds;
  return probed;
}

RunPlan probe_run(const TrainOptions& options, const BaseModel& base, const tasks::TaskEntry& task,
                  train::Observer& observer) {
  tasks::TrainingData data = read_training(options, base, task, observer);
  TrainOptions settled = options;
  settled.arguments.settle(*data.task);
  const bool has_few = has_few_rows(data), fine_tunes = options.method == Method::fine_tune ||
                                                        (options.method == Method::automatic && !has_few);
  RunPlan plan = fine_tunes ? probe_run_on(data, settled, base).plan : probe_few_labels(data, settled, base);
  plan.has_few_rows = has_few;
  return plan;
}

}  // namespace bertune::runs

namespace bertune {
namespace {

std::string gib(std::uint64_t bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes) / (1 << 30)); }

std::string duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  return seconds < 5400 ? fmt::format("{:.0f} min", seconds / 60) : fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

std::string to_string(const RunPlan& plan) {
  std::string text = fmt::format("{} ({} per epoch), memory {} GiB", counted(plan.total_steps, "step"),
                                 plan.steps_per_epoch, gib(plan.memory()));
  if (plan.memory_available > 0) text += fmt::format(" ({} GiB are free)", gib(plan.memory_available));
  text += fmt::format(", disk {} GiB", gib(plan.disk));
  if (plan.seconds) text += ", about " + duration(*plan.seconds);
  if (plan.fits_memory()) return text;
  text += "; the memory does not suffice: ";
  if (!plan.smaller_batch) return text + "lower `max_length`, or take a smaller model";
  return text + fmt::format("use `batch_size={}` and `gradient_accumulation_steps={}`, with equal results",
                            *plan.smaller_batch, *plan.accumulation_steps);
}

}  // namespace bertune
