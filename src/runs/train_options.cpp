#include "runs/train_options.h"

namespace bertune::runs {

LoadOptions load_options(const TrainOptions& options, const tasks::Task& task) {
  LoadOptions load;
  task.describe_head(load);
  load.ignore_mismatched_sizes = options.ignore_mismatched_sizes;
  load.seed = options.arguments.seed;
  const auto to_float = [](std::optional<double> value) {
    return value ? std::optional<float>(static_cast<float>(*value)) : std::nullopt;
  };
  load.hidden_dropout_prob = to_float(options.hidden_dropout);
  load.attention_probs_dropout_prob = to_float(options.attention_dropout);
  load.classifier_dropout = to_float(options.classifier_dropout);
  load.lora = options.arguments.fine_tuning.lora;
  load.base = options.base;
  return load;
}

}  // namespace bertune::runs
