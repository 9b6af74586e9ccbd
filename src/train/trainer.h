// The training loop: epochs of packed batches, evaluation, checkpoints, resume.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "tasks/task.h"
#include "train/arguments.h"
#include "train/collapse_guard.h"
#include "train/observer.h"
#include "train/run_state.h"

namespace bertune::distributed {
class Ranks;
}

namespace bertune::train {

class GradientSum;
struct ChosenCheckpoint;
struct StepShards;

// An evaluation on the validation set.
struct Evaluated {
  std::int64_t step = 0;
  Metrics metrics;
  double seconds = 0;
  std::shared_ptr<const tasks::Records> records = {};  // where they were asked for
};

struct TrainingResult {
  StepPlan plan;
  RunState state;
  RunIdentity identity;
  double epochs = 0;
  double train_loss = 0;  // mean over the steps
  double runtime = 0;     // seconds, training steps and evaluations during training
  std::int64_t samples = 0;
  std::string stopped_early = {};  // why, in words; empty: it was not
  bool kept_best = false;          // the model now holds the best epoch's weights, not the last's
  // The evaluation of the weights that the model now holds, if this process evaluated them.
  std::optional<Evaluated> evaluation = {};
};

// Seconds of training per token.
struct ProbedTime {
  double first = 0, later = 0;  // in the first epoch; in each after it
};

// A Trainer on a thread that is one of several ranks (distributed::current()) trains with those of the
// others: each computes some shards of a step, all have the same weights and take the same decisions, and
// rank 0 alone writes.
class Trainer {
 public:
  // `row_name` names a training row for messages ("train.csv:12").
  Trainer(BertPreTrainedModel& model, const BertTokenizer& tokenizer, TrainingArguments arguments,
          Observer& observer, const tasks::Task& task, std::function<std::string(std::int64_t)> row_name);
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;
  ~Trainer();

  // Trains the model, and leaves the best weights by validation in it (the last where there is no validation
  // set). Throws Interrupted when `stop` is requested, with a checkpoint saved; Collapsed when
  // loss or gradients stop being finite, and, unless it should only warn, when the guard says so.
  TrainingResult train(tasks::Examples& train, const tasks::Examples* validation, std::stop_token stop = {});

  // Takes some steps on batches of the first epoch and measures them; before, others make memory ready.
  // The model is changed by them: it is not to be used any more. Throws Interrupted when `stop` is requested.
  ProbedTime probe(tasks::Examples& train, const std::stop_token& stop = {});

  // Has evaluations keep this many records of the validation set. None by default.
  void keep_records(std::int64_t most) { kept_records_ = most; }

  std::uint64_t checkpoint_bytes() const;  // of the weights and the optimizer's state as it begins
  std::uint64_t optimizer_bytes() const;   // of that state, in this process's memory

 private:
  void check_validation() const;
  void set_loss(const tasks::Examples& train);
  void make_schedule();
  void settle_shards(const tasks::Examples& train);
  void require_same_on_ranks(const tasks::Examples* validation) const;
  void resume_if_asked();
  ChosenCheckpoint choose_checkpoint() const;
  void keep_resumed_checkpoint(const std::filesystem::path& folder);
  void load_best();
  void start_epoch(tasks::Examples& train);
  void train_until_due(tasks::Examples& train);
  double train_step(tasks::Examples& train, std::span<const std::int64_t> rows);
  double evaluate_gradient(const StepShards& step, std::int64_t first_row);
  bool stop_is_asked() const;
  void bring_up_to_date();
  void bring_up_to_date(std::span<const std::int32_t> rows);
  void log_step(double loss, double gradient_norm, double learning_rate);
  void evaluate(const tasks::Examples& validation);
  void save();
  void watch(const tasks::Examples& train, double loss, std::span<const std::int64_t> rows);
  void report_collapse(const std::string& why);
  void report_spikes();
  void report_end(const std::string& why);
  bool has_ended() const;
  bool epoch_is_over() const;
  bool evaluation_is_due() const;
  bool is_wanted_checkpoint() const;
  double epochs_done() const;

  BertPreTrainedModel& model_;
  const BertTokenizer& tokenizer_;
  TrainingArguments arguments_;
  Observer& observer_;
  const tasks::Task& task_;
  std::function<std::string(std::int64_t)> row_name_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<optim::Schedule> schedule_;
  distributed::Ranks* ranks_;  // null: this process alone
  std::unique_ptr<GradientSum> gradient_;
  RunIdentity identity_;
  RunState state_;
  StepPlan plan_;
  std::stop_token stop_;
  std::int64_t up_to_date_ = 0;      // the steps after which all ranks had all rows of the word embeddings
  bool finishes_ = false;            // without another step
  bool a_rank_stops_ = false;        // is asked to, as all ranks know since the last step
  std::int64_t epoch_ = -1;          // that `order_` is of
  std::vector<std::int64_t> order_;  // the rows as this epoch takes them
  bool has_validation_ = false;
  std::int64_t kept_records_ = 0;
  double gradient_norm_ = 0, learning_rate_ = 0;
  std::optional<CollapseGuard> guard_;
  bool warned_of_collapse_ = false;
  std::optional<Evaluated> best_;  // as far as this process evaluated it
};

}  // namespace bertune::train
