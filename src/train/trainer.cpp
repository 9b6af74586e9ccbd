#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "bertune/error.h"
#include "core/counted.h"
#include "core/file.h"
#include "core/stopwatch.h"
#include "distributed/ranks.h"
#include "train/batches.h"
#include "train/checkpoints.h"
#include "train/early_stopping.h"
#include "train/evaluation.h"
#include "train/gradient_sum.h"
#include "train/loss.h"
#include "train/model_folder.h"
#include "train/optimizer_file.h"
#include "train/step_batches.h"
#include "train/window_parts.h"

namespace bertune::train {
namespace {

// An optimizer of this rank's part of the parameters, where each has one.
std::unique_ptr<optim::Optimizer> optimizer_of_rank(const TrainingArguments& arguments,
                                                    Parameters& parameters, const distributed::Ranks* ranks) {
  const bool divided = arguments.shard_optimizer && ranks != nullptr;
  parameters.set_part(divided ? Part{ranks->rank(), ranks->size()} : Part{});
  return make_optimizer(arguments, parameters);
}

}  // namespace

Trainer::Trainer(BertPreTrainedModel& model, const BertTokenizer& tokenizer, TrainingArguments arguments,
                 Observer& observer, const tasks::Task& task,
                 std::function<std::string(std::int64_t)> row_name)
    : model_(model),
      tokenizer_(tokenizer),
      arguments_(std::move(arguments)),
      observer_(observer),
      task_(task),
      row_name_(std::move(row_name)),
      optimizer_(optimizer_of_rank(arguments_, model.parameters(), distributed::current())),
      ranks_(distributed::current()) {
  arguments_.settle(task_);
  model_.dropout_state().seed = arguments_.seed;
  optimizer_->defer_unused_rows();
  model_.set_precision(precision_of(arguments_.precision));
}

Trainer::~Trainer() = default;

double Trainer::epochs_done() const {
  return static_cast<double>(state_.global_step) / static_cast<double>(plan_.steps_per_epoch);
}

bool Trainer::epoch_is_over() const {
  return state_.global_step > 0 &&
         (state_.global_step % plan_.steps_per_epoch == 0 || state_.global_step == plan_.total_steps);
}

bool Trainer::evaluation_is_due() const {
  if (!has_validation_ || state_.global_step == 0 || state_.evaluated_step == state_.global_step)
    return false;
  if (state_.global_step == plan_.total_steps || finishes_) return true;
  return arguments_.eval_steps > 0 ? state_.global_step % arguments_.eval_steps == 0 : epoch_is_over();
}

// The last step's would be removed again: the model itself is written next. That can fail where its numbers
// do not fit the type to save, and then the training must not be lost.
bool Trainer::is_wanted_checkpoint() const {
  return state_.global_step < plan_.total_steps || arguments_.keep_checkpoints ||
         arguments_.save_dtype != SaveDtype::float32;
}

std::uint64_t Trainer::checkpoint_bytes() const {
  return saved_numbers(*optimizer_, model_.parameters()) * sizeof(float) + saved_bytes(model_);
}

std::uint64_t Trainer::optimizer_bytes() const {
  std::uint64_t bytes = 0;
  for (const optim::Optimizer::State& state : optimizer_->state()) bytes += state.values.size_bytes();
  return bytes;
}

void Trainer::check_validation() const {
  if (has_validation_) return;
  for (const auto& [option, given] :
       {std::pair{"early_stopping_patience", arguments_.early_stopping_patience},
        std::pair{"eval_steps", arguments_.eval_steps}}) {
    if (given > 0) {
      throw UsageError(
          option,
          fmt::format("`{}` needs a validation set, and there is none: give `validation=FILE`, or have "
                      "rows held out with `validation_split=0.1`",
                      option));
    }
  }
}

void Trainer::set_loss(const tasks::Examples& train) {
  if (!arguments_.class_weights.empty()) {  // a head without classes says so before any are counted
    model_.set_loss({.class_weights = std::vector<float>(model_.config().id2label.size(), 1.0F)});
  }
  model_.set_loss(loss_options(arguments_, model_.config(), train));
  if (!model_.loss_options().is_plain())
    observer_.on(LossChosen{model_.loss_options(), model_.config().id2label});
}

// A schedule that follows a metric takes the one that picks the best epoch, in its direction.
void Trainer::make_schedule() {
  const optim::ScheduleKind& kind = optim::schedule_from_string(arguments_.lr_scheduler_type);
  schedule_ = kind.make({arguments_.learning_rate, plan_.warmup_steps, plan_.total_steps},
                        schedule_options(arguments_));
  if (schedule_->follows_metric() && !has_validation_) {
    throw UsageError("schedule",
                     fmt::format("`schedule={}` follows a metric of the validation set, and there is none",
                                 arguments_.lr_scheduler_type));
  }
}

void Trainer::resume_if_asked() {
  if (!arguments_.resume) return;
  if (distributed::is_first() && arguments_.resume_from_checkpoint.empty() &&
      is_finished(arguments_.output_dir, identity_)) {
    throw AlreadyDone(
        fmt::format("{}: the run is finished, and its model is there; there is nothing to resume",
                    arguments_.output_dir.string()));
  }
  const ChosenCheckpoint chosen = choose_checkpoint();
  for (const std::string& damaged : chosen.damaged) observer_.on(Note{"passed over " + damaged});
  if (!chosen.folder.empty()) {
    state_ = load_checkpoint(chosen.folder, model_, *optimizer_, identity_);
    schedule_->restore(state_.schedule);
    if (chosen.lost_best) {
      observer_.on(
          Note{fmt::format("the best weights so far, of step {}, are lost: the best of what follows is kept",
                           state_.best_step)});
      state_.best_metric.reset();
      state_.best_step = 0;
    }
  }
  finishes_ = arguments_.finish;
  if (finishes_ && chosen.folder.empty()) {
    throw UsageError("finish", fmt::format("{}: there is no checkpoint, and so nothing to finish: train "
                                           "without `finish` first",
                                           arguments_.output_dir.string()));
  }
  observer_.on(Resumed{state_.global_step, chosen.folder});
  if (!arguments_.resume_from_checkpoint.empty()) keep_resumed_checkpoint(chosen.folder);
}

// A checkpoint that was given by its path becomes the newest of this run, so that a stop from here on
// continues from it and not from a later one.
void Trainer::keep_resumed_checkpoint(const std::filesystem::path& folder) {
  const std::filesystem::path best = checkpoint_path(arguments_.output_dir, state_.best_step);
  if (distributed::is_first() && state_.best_metric && state_.best_step != state_.global_step &&
      !path_exists(best)) {
    throw Error(
        fmt::format("{}: the best weights of its run are those of step {}, and {} is not there; copy it from "
                    "the folder of that run",
                    folder.string(), state_.best_step, best.string()));
  }
  save();
}

bool Trainer::has_ended() const {
  return state_.global_step >= plan_.total_steps || finishes_ || stops_early(arguments_, state_, plan_);
}

TrainingResult Trainer::train(tasks::Examples& train, const tasks::Examples* validation,
                              std::stop_token stop) {
  stop_ = std::move(stop);
  has_validation_ = validation != nullptr;
  check_validation();
  set_loss(train);
  plan_ = plan_steps(arguments_, train.rows());
  for (std::string& note : notes_on(plan_, arguments_, train.rows())) observer_.on(Note{std::move(note)});
  identity_ = {arguments_.to_json(), train.fingerprint()};
  identity_.arguments["total_steps"] = plan_.total_steps;
  identity_.arguments["labels"] = model_.config().id2label;
  if (validation != nullptr) {  // an unknown metric is found now, not after an epoch
    task_.scorer(*validation)->result().value(arguments_.metric_for_best_model);
  }
  identity_.base_weights = hash_of_weights(model_);
  make_schedule();
  require_same_on_ranks(validation);
  resume_if_asked();
  settle_shards(train);
  const Stopwatch watch;
  const double earlier_runtime = state_.runtime;
  epoch_ = -1;
  guard_.emplace(plan_.total_steps, guessing_loss(model_, train));
  model_.train();
  for (;;) {
    if (evaluation_is_due()) {
      evaluate(*validation);
      state_.runtime = earlier_runtime + watch.seconds();
      if (is_wanted_checkpoint()) save();
    }
    if (has_ended()) break;
    train_until_due(train);
    state_.runtime = earlier_runtime + watch.seconds();
    if (stop_is_asked()) {
      save();
      throw Interrupted(fmt::format("stopped after step {} of {}", state_.global_step, plan_.total_steps));
    }
    if (!evaluation_is_due() && is_wanted_checkpoint()) save();
  }
  state_.runtime = earlier_runtime + watch.seconds();
  report_spikes();
  const std::string& metric = arguments_.metric_for_best_model;
  const bool stops = stops_early(arguments_, state_, plan_);
  const bool cut = finishes_ && !stops && state_.global_step < plan_.total_steps;
  const std::string why = stops ? why_it_stopped(arguments_, state_, plan_, metric)
                          : cut ? why_it_was_finished(state_, plan_, metric)
                                : "";
  if (cut) report_end(why);
  TrainingResult result{
      .plan = plan_, .state = state_, .identity = identity_, .epochs = epochs_done(), .stopped_early = why};
  result.train_loss = state_.loss_sum / static_cast<double>(std::max<std::int64_t>(1, state_.global_step));
  result.runtime = state_.runtime;
  result.samples = static_cast<std::int64_t>(std::llround(result.epochs * static_cast<double>(train.rows())));
  if (state_.best_metric && state_.best_step != state_.global_step) {
    load_best();
    result.kept_best = true;
  } else {
    bring_up_to_date();
  }
  model_.eval();
  if (best_ && best_->step == state_.best_step) result.evaluation = std::move(best_);
  return result;
}

ProbedTime Trainer::probe(tasks::Examples& train, const std::stop_token& stop) {
  constexpr std::size_t kLeast = 5, kMost = 20;
  constexpr double kEnough = 3;  // seconds
  stop_ = stop;
  set_loss(train);
  plan_ = plan_steps(arguments_, train.rows());
  has_validation_ = true;  // a schedule that follows a metric asks for none here
  make_schedule();
  settle_shards(train);
  model_.train();
  start_epoch(train);
  const auto steps =
      cut_batches(order_, arguments_.train_batch_size * arguments_.gradient_accumulation_steps);
  const auto measured = [&] {
    const std::size_t count = std::min(kMost, steps.size());
    double seconds = 0;
    const std::int64_t before = state_.tokens;
    // The first rank's clock decides for all: they take the same steps.
    const auto is_enough = [&] {
      return distributed::from_first([&] { return std::string(seconds < kEnough ? "no" : "yes"); },
                                     "the time of steps") == "yes";
    };
    for (std::size_t i = 0; i < count && (i < kLeast || !is_enough()); ++i) {
      const Stopwatch watch;
      train_step(train, steps[i * steps.size() / count]);
      seconds += watch.seconds();
      if (stop_is_asked()) throw Interrupted("stopped while measuring steps");
    }
    return seconds / static_cast<double>(std::max<std::int64_t>(1, state_.tokens - before));
  };
  // Memory is laid out for the longest step, and its pages are touched for the first time; the second one
  // makes threads and caches ready.
  train_step(train, *std::ranges::max_element(steps, {}, [&](const auto& step) {
               std::int64_t tokens = 0;
               for (const std::int64_t row : step)
                 tokens += train.tokens_of_first(row + 1) - train.tokens_of_first(row);
               return tokens;
             }));
  train_step(train, steps.front());
  ProbedTime time{.first = measured()};
  // Later epochs take what frozen layers gave from memory.
  time.later = arguments_.fine_tuning.freeze_eval_mode ? measured() : time.first;
  return time;
}

void Trainer::start_epoch(tasks::Examples& train) {
  const std::int64_t epoch = state_.global_step / plan_.steps_per_epoch;
  if (epoch == epoch_) return;
  train.start_epoch(epoch);
  order_ = epoch_order(train.rows(), arguments_.data_seed.value_or(arguments_.seed), epoch);
  epoch_ = epoch;
}

// Steps until the epoch ends, an evaluation or a checkpoint is due, or a stop is asked for.
void Trainer::train_until_due(tasks::Examples& train) {
  start_epoch(train);
  const auto steps =
      cut_batches(order_, arguments_.train_batch_size * arguments_.gradient_accumulation_steps);
  auto next = static_cast<std::size_t>(state_.global_step % plan_.steps_per_epoch);
  while (next < steps.size() && state_.global_step < plan_.total_steps) {
    const double loss = train_step(train, steps[next++]);
    log_step(loss, gradient_norm_, learning_rate_);
    watch(train, loss, steps[next - 1]);
    if (stop_is_asked() || evaluation_is_due()) return;
    if (arguments_.save_steps > 0 && state_.global_step % arguments_.save_steps == 0) return;
  }
}

// Loss and gradient of a step, over all its shards. Called again for the same ones it gives the same: dropout
// does not go on.
double Trainer::evaluate_gradient(const StepShards& step, std::int64_t first_row) {
  const auto gradient_of = [&](std::int64_t shard, const GradientsReached& reached) {
    double loss = 0;
    WindowParts parts(model_, state_.dropout_step);
    const std::vector<Batch>& batches = step.shards[static_cast<std::size_t>(shard)];
    for (const Batch& batch : batches) {
      const Batch& whole = parts.complete(batch, batches);
      model_.dropout_state().step = state_.dropout_step;
      loss += model_.forward(whole).loss;
      model_.backward(1, &batch == &batches.back() ? reached : GradientsReached());
    }
    return loss;
  };
  const auto [loss, stops, norm] = gradient_->add_up(step.word_rows, stop_.stop_requested(), gradient_of);
  a_rank_stops_ = a_rank_stops_ || stops;
  model_.dropout_state().step = state_.dropout_step + 1;  // also where all shards here are without rows
  gradient_norm_ = norm;
  if (!std::isfinite(loss) || !std::isfinite(gradient_norm_)) {
    throw Collapsed(
        fmt::format("step {} of {}: the {} is no longer a finite number (learning rate {:.3g}, first row of "
                    "the batch {}). Training "
                    "stopped before it reached the weights; checkpoints saved earlier are good. Try a lower "
                    "`learning_rate`, "
                    "a longer `warmup_ratio`, or `max_grad_norm=1`",
                    state_.global_step + 1, plan_.total_steps, std::isfinite(loss) ? "gradient" : "loss",
                    learning_rate_, row_name_(first_row)));
  }
  return loss;
}

double Trainer::train_step(tasks::Examples& train, std::span<const std::int64_t> rows) {
  const StepShards step = step_shards(model_, train, rows, arguments_.train_batch_size, state_.shards);
  if (ranks_ != nullptr)
    ranks_->set_doing(fmt::format("step {} of {}", state_.global_step + 1, plan_.total_steps));
  learning_rate_ = schedule_->learning_rate(state_.global_step);
  optimizer_->set_learning_rate(learning_rate_);
  for (const std::vector<Batch>& batches : step.shards)
    for (const Batch& batch : batches) optimizer_->bring_up_to_date(batch.input_ids);
  gradient_->share_rows(step.word_rows);
  const std::int64_t tokens = step.tokens();
  double loss = 0;
  if (optimizer_->needs_closure()) {  // not clipped: the line it searches would no longer be the loss's
    loss = optimizer_->step([&] { return evaluate_gradient(step, rows.front()); });
  } else {
    loss = evaluate_gradient(step, rows.front());
    optimizer_->step(optim::clip_scale(gradient_norm_, arguments_.max_grad_norm));
    gradient_->share_values();
  }
  ++state_.global_step;
  state_.dropout_step = model_.dropout_state().step;
  state_.loss_sum += loss;
  state_.tokens += tokens;
  observer_.on(StepEvent{.step = state_.global_step,
                         .total_steps = plan_.total_steps,
                         .epoch = epochs_done(),
                         .loss = loss,
                         .learning_rate = learning_rate_,
                         .gradient_norm = gradient_norm_,
                         .tokens = tokens});
  return loss;
}

// Looks at the answers to some rows where the loss is no better than guessing. Weights, dropout and the order
// of rows stay as they are, so that a run has the same results with the guard as without.
void Trainer::watch(const tasks::Examples& train, double loss, std::span<const std::int64_t> rows) {
  constexpr std::int64_t kRows = 16;
  const bool looks = guard_->add(state_.global_step, loss, rows);
  if (const std::string why = guard_->divergence(); !why.empty()) return report_collapse(why);
  if (!looks || train.rows() < 2 || !has_answers(model_.architecture())) return;
  Batch batch;
  const std::int64_t most = std::min(kRows, std::max<std::int64_t>(2, arguments_.train_batch_size));
  std::int64_t windows = 0;
  for (const std::int64_t row : spread_rows(train.rows(), most)) {
    windows += train.windows_of(row);
    if (windows > most && batch.texts() >= 2) break;
    train.add_to(batch, row);
  }
  bring_up_to_date(batch.input_ids);
  model_.eval();
  const std::optional<double> spread = answer_spread(model_, batch, model_.forward(batch));
  model_.train();
  if (!spread) return;
  if (const std::string why = guard_->verdict(*spread); !why.empty()) report_collapse(why);
}

void Trainer::report_collapse(const std::string& why) {
  if (warned_of_collapse_) return;
  warned_of_collapse_ = true;
  state_.log_history.push_back({{"epoch", epochs_done()}, {"step", state_.global_step}, {"collapsed", why}});
  const std::string text = fmt::format(
      "step {} of {}: training has collapsed: {}. Try a lower `learning_rate` (it is {:.3g}), a longer "
      "`warmup_ratio` or another `seed`",
      state_.global_step, plan_.total_steps, why, arguments_.learning_rate);
  if (arguments_.on_collapse != OnCollapse::warn)
    throw Collapsed(text + "; `on_collapse=retry` does so by itself, and `on_collapse=warn` goes on");
  observer_.on(Note{text});
}

void Trainer::report_spikes() {
  if (guard_->spikes().empty()) return;
  const LossSpike& spike = guard_->spikes().front();
  std::string rows;
  for (const std::int64_t row : spike.rows) rows += (rows.empty() ? "" : ", ") + row_name_(row);
  for (const LossSpike& one : guard_->spikes())
    state_.log_history.push_back({{"step", one.step}, {"loss_spike", one.loss}});
  observer_.on(Note{fmt::format("the loss jumped in {}, first to {:.3f} in step {}, whose rows begin with {}",
                                counted(static_cast<std::int64_t>(guard_->spikes().size()), "step"),
                                spike.loss, spike.step, rows)});
}

void Trainer::log_step(double loss, double gradient_norm, double learning_rate) {
  state_.logged_loss_sum += loss;
  const std::int64_t every = arguments_.logging_steps > 0
                                 ? arguments_.logging_steps
                                 : std::max<std::int64_t>(1, plan_.total_steps / 100);
  if (state_.global_step % every != 0) return;
  const auto steps = static_cast<double>(state_.global_step - state_.logged_step);
  state_.log_history.push_back({{"epoch", epochs_done()},
                                {"grad_norm", gradient_norm},
                                {"learning_rate", learning_rate},
                                {"loss", state_.logged_loss_sum / steps},
                                {"step", state_.global_step}});
  state_.logged_loss_sum = 0;
  state_.logged_step = state_.global_step;
}

void Trainer::evaluate(const tasks::Examples& validation) {
  bring_up_to_date();
  if (ranks_ != nullptr) ranks_->set_doing(fmt::format("the evaluation after step {}", state_.global_step));
  const Stopwatch watch;
  Metrics metrics;
  RecordKeeper records(task_, validation, kept_records_);
  try {
    metrics = train::evaluate(
        model_, task_, validation, arguments_.eval_batch_size,
        [&](std::int64_t rows) {
          observer_.on(EvaluationProgress{rows, validation.rows()});
        },
        stop_, records.recorder());
  } catch (const Interrupted&) {
    save();
    throw;
  }
  const std::string& name = arguments_.metric_for_best_model;
  const double value = metrics.value(name);
  const double sign = greater_is_better(name) ? 1 : -1;
  state_.evaluations_without_gain = evaluations_without_gain(arguments_, state_, name, value);
  const bool best = !state_.best_metric || sign * value > sign * *state_.best_metric;
  if (best) {
    state_.best_metric = value;
    state_.best_step = state_.global_step;
    best_ = {state_.global_step, metrics, watch.seconds(), records.take()};
  }
  state_.evaluated_step = state_.global_step;
  schedule_->observe(value);
  Json row = {{"epoch", epochs_done()}, {"step", state_.global_step}};
  for (const auto& [metric, number] : metrics.values) row["eval_" + metric] = number;
  state_.log_history.push_back(row);
  observer_.on(EvaluationEvent{epochs_done(), state_.global_step, std::move(metrics), best});
  if (stops_early(arguments_, state_, plan_)) report_end(why_it_stopped(arguments_, state_, plan_, name));
}

void Trainer::report_end(const std::string& why) {
  state_.log_history.push_back(
      {{"epoch", epochs_done()}, {"step", state_.global_step}, {"stopped_early", why}});
  observer_.on(EarlyStop{why});
}

void Trainer::load_best() {
  const std::filesystem::path best = checkpoint_path(arguments_.output_dir, state_.best_step);
  std::exception_ptr failure;
  const auto load = [&]() -> std::string {
    try {
      require_whole(best);
      model_.load_weights(best);
      return {};
    } catch (const Error& error) {
      failure = std::current_exception();
      return error.what();
    }
  };
  if (const std::string why = distributed::from_first(load, "the best weights"); !why.empty()) {
    if (!is_wanted_checkpoint()) save();  // the last weights are then not in memory alone
    if (failure) std::rethrow_exception(failure);
    throw Error(why);
  }
  share_weights(model_);
}

// Saves a checkpoint; only the newest and the best stay.
void Trainer::save() {
  bring_up_to_date();
  state_.schedule = schedule_->state();
  if (distributed::is_first()) {
    save_checkpoint(arguments_.output_dir, model_, tokenizer_, *optimizer_, state_, identity_, plan_);
    remove_checkpoints_except(arguments_.output_dir,
                              {state_.global_step, state_.best_metric ? state_.best_step : -1});
  } else {
    send_optimizer(*optimizer_, model_.parameters());
  }
  observer_.on(CheckpointSaved{checkpoint_path(arguments_.output_dir, state_.global_step)});
}

}  // namespace bertune::train
