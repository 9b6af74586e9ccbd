#include "train/run_state.h"

#include "train/checkpoints.h"

namespace bertune::train {
namespace {

// Returns what Transformers' EarlyStoppingCallback keeps.
Json stateful_callbacks(const RunState& state, const Json& arguments) {
  const Json& patience = arguments.at("early_stopping_patience");
  if (patience == 0) return Json::object();
  return {{"EarlyStoppingCallback",
           {{"args",
             {{"early_stopping_patience", patience},
              {"early_stopping_threshold", arguments.at("early_stopping_threshold")}}},
            {"attributes", {{"early_stopping_patience_counter", state.evaluations_without_gain}}}}}};
}

}  // namespace

Json trainer_state(const RunState& state, const Json& arguments, const StepPlan& plan,
                   const std::filesystem::path& output_dir) {
  const bool has_best = state.best_metric.has_value();
  const bool counts_steps = arguments.at("max_steps") > 0;  // instead of epochs
  const std::int64_t steps_per_epoch = plan.steps_per_epoch, eval_steps = arguments.at("eval_steps");
  const Json epochs = counts_steps ? Json((plan.total_steps + steps_per_epoch - 1) / steps_per_epoch)
                                   : arguments.at("num_train_epochs");
  return {{"best_global_step", has_best ? Json(state.best_step) : Json()},
          {"best_metric", has_best ? Json(*state.best_metric) : Json()},
          {"best_model_checkpoint",
           has_best ? Json(checkpoint_path(output_dir, state.best_step).string()) : Json()},
          {"epoch", static_cast<double>(state.global_step) / static_cast<double>(steps_per_epoch)},
          {"eval_steps", eval_steps > 0 ? eval_steps : steps_per_epoch},
          {"global_step", state.global_step},
          {"is_hyper_param_search", false},
          {"is_local_process_zero", true},
          {"is_world_process_zero", true},
          {"log_history", state.log_history},
          {"logging_steps", 1},
          {"max_steps", plan.total_steps},
          {"num_input_tokens_seen", state.tokens},
          {"num_train_epochs", epochs},
          {"save_steps", steps_per_epoch},
          {"stateful_callbacks", stateful_callbacks(state, arguments)},
          {"total_flos", 0.0},
          {"train_batch_size", arguments.at("train_batch_size")},
          {"trial_name", Json()},
          {"trial_params", Json()}};
}

}  // namespace bertune::train
