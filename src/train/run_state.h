// The state that a run must remember to continue as if it had never stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "bertune/tokenizer.h"
#include "core/json.h"
#include "train/arguments.h"

namespace bertune::train {

// Everything but weights, optimizer state and what follows from seed and epoch (order, dropout).
struct RunState {
  std::int64_t global_step = 0;
  std::uint64_t dropout_step = 0;
  double loss_sum = 0;         // of all steps
  double logged_loss_sum = 0;  // of the steps up to the last log row
  std::int64_t logged_step = 0;
  std::int64_t tokens = 0;  // real tokens trained on
  double runtime = 0;       // seconds, all parts of the run
  std::optional<double> best_metric;
  std::int64_t best_step = 0;
  std::int64_t evaluated_step =
      0;  // the last evaluation; an epoch that ended without one was interrupted in it
  std::int64_t evaluations_without_gain = 0;  // in a row: early stopping's
  std::vector<double> schedule;               // of a learning rate that follows a metric
  Json log_history = Json::array();
  std::int64_t shards = 0;  // of a step (TrainingArguments); 0: the run begins
};

// The identity of a run, which must be the same when it continues: the arguments that decide the weights, and
// the data.
struct RunIdentity {
  Json arguments;
  std::string data_fingerprint;
  std::string base_weights = {};  // a hash of the weights that training begins with
};

// trainer_state.json as Transformers writes it.
Json trainer_state(const RunState& state, const Json& arguments, const StepPlan& plan,
                   const std::filesystem::path& output_dir);

}  // namespace bertune::train
