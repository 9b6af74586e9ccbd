#include "runs/train_options.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "bertune/error.h"

namespace bertune::runs {
namespace {

void validate_seeds(const TrainOptions& options) {
  constexpr std::int64_t kMostSeeds = 1000;
  if (!options.seeds) return;
  if (*options.seeds < 2 || *options.seeds > kMostSeeds) {
    throw UsageError("seeds",
                     fmt::format("`seeds` is {}; it must be from 2 to {}", *options.seeds, kMostSeeds));
  }
  if (options.is_cross_validation()) {
    throw UsageError("seeds",
                     "`seeds` and cross-validation cannot be combined; run the cross-validation again with "
                     "another `seed`");
  }
  if (!options.arguments.resume_from_checkpoint.empty()) {
    throw UsageError("resume_from_checkpoint",
                     "`resume_from_checkpoint` is of one training; `seeds` continues with `resume`");
  }
  if (options.arguments.on_collapse == OnCollapse::retry) {
    throw UsageError("on_collapse",
                     "`on_collapse=retry` does not fit `seeds`, whose runs differ in the seed alone; take "
                     "stop or warn");
  }
}

}  // namespace

void validate(const TrainOptions& options) {
  const double split = options.files.validation_split.value_or(0);
  if (!(split >= 0 && split < 1)) {
    throw UsageError("validation_split",
                     fmt::format("`validation_split` is {}; it must be in [0, 1)", split));
  }
  for (const auto& [name, value] : {std::pair{"hidden_dropout", options.hidden_dropout},
                                    std::pair{"attention_dropout", options.attention_dropout},
                                    std::pair{"classifier_dropout", options.classifier_dropout}}) {
    if (value && !(*value >= 0 && *value < 1))
      throw UsageError(name, fmt::format("`{}` is {}; it must be in [0, 1)", name, *value));
  }
  if (options.max_prediction_rows < 0)
    throw UsageError("max_prediction_rows", "`max_prediction_rows` must be at least 0");
  if (options.arguments.resume && options.overwrite)
    throw UsageError("resume", "`resume` and `overwrite` cannot be combined");
  const std::filesystem::path& checkpoint = options.arguments.resume_from_checkpoint;
  std::error_code error;
  if (!checkpoint.empty() && !std::filesystem::is_directory(checkpoint, error)) {
    throw UsageError("resume_from_checkpoint",
                     fmt::format("`resume_from_checkpoint`: there is no folder {}", checkpoint.string()));
  }
  if (!checkpoint.empty() && options.is_cross_validation()) {
    throw UsageError("resume_from_checkpoint",
                     "`resume_from_checkpoint` is of one training; cross-validation continues with `resume`");
  }
  validate_seeds(options);
  if (options.arguments.finish && (options.seeds || options.is_cross_validation()))
    throw UsageError("finish", "`finish` ends one training: it fits neither `seeds` nor cross-validation");
  train::validate(options.arguments);
}

void set_dropout(LoadOptions& load, const TrainOptions& options) {
  const auto to_float = [](std::optional<double> value) {
    return value ? std::optional<float>(static_cast<float>(*value)) : std::nullopt;
  };
  load.hidden_dropout_prob = to_float(options.hidden_dropout);
  load.attention_probs_dropout_prob = to_float(options.attention_dropout);
  load.classifier_dropout = to_float(options.classifier_dropout);
}

LoadOptions load_options(const TrainOptions& options, const tasks::Task& task) {
  LoadOptions load;
  task.describe_head(load);
  load.ignore_mismatched_sizes = options.ignore_mismatched_sizes;
  load.seed = options.arguments.seed;
  set_dropout(load, options);
  load.lora = options.arguments.fine_tuning.lora;
  load.base = options.base;
  return load;
}

}  // namespace bertune::runs
