#include <fmt/format.h>

#include <charconv>
#include <string>

#include "bertune/error.h"
#include "bertune/tuning.h"
#include "runs/public_result.h"
#include "runs/tuning/tuning.h"

namespace bertune {
namespace {

template <typename Number>
Number parsed(const std::string& option, const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw UsageError(option, fmt::format("`{}` is \"{}\"; it must be a number", option, text));
  return number;
}

// The options that a search knows by itself.
void apply_known(TrainOptions& options, const TrialSettings& settings) {
  TrainingArguments& arguments = options.arguments;
  for (const auto& [name, text] : settings) {
    const auto number = [&, &option = name, &value = text] { return parsed<double>(option, value); };
    const auto whole = [&, &option = name, &value = text] { return parsed<std::int64_t>(option, value); };
    if (name == "learning_rate") {
      arguments.learning_rate = number();
    } else if (name == "epochs") {
      arguments.num_train_epochs = number();
    } else if (name == "warmup_ratio") {
      arguments.warmup_ratio = number();
    } else if (name == "layer_wise_lr_decay") {
      arguments.fine_tuning.layer_wise_lr_decay = number();
    } else if (name == "seed") {
      arguments.seed = parsed<std::uint64_t>(name, text);
    } else if (name == "batch_size") {
      arguments.train_batch_size = whole();
    } else if (name == "weight_decay") {
      arguments.weight_decay = number();
    } else if (name == "max_grad_norm") {
      arguments.max_grad_norm = number();
    } else if (name == "label_smoothing") {
      arguments.label_smoothing_factor = number();
    } else if (name == "hidden_dropout") {
      options.hidden_dropout = number();
    } else if (name == "attention_dropout") {
      options.attention_dropout = number();
    } else if (name == "classifier_dropout") {
      options.classifier_dropout = number();
    } else {
      throw UsageError(
          name,
          fmt::format("`{}`: a search does not know how to set it; give it a function that does (apply)",
                      name));
    }
  }
}

TuneTrial public_trial(const Json& json, const std::filesystem::path& output) {
  TuneTrial trial{.settings = json.at("settings").get<TrialSettings>(),
                  .outcome = json.at("outcome"),
                  .why = json.value("why", ""),
                  .steps = json.at("steps"),
                  .total_steps = json.at("total_steps"),
                  .seconds = json.at("seconds"),
                  .folder = output / json.at("folder").get<std::string>()};
  if (json.at("score").is_number()) trial.score = json.at("score").get<double>();
  if (json.contains("difference")) {
    trial.difference = json.at("difference").at("value").get<double>();
    trial.standard_error = json.at("difference").at("standard_error").get<double>();
  }
  return trial;
}

}  // namespace

TuneResult tune(const TuneOptions& options) {
  TrainOptions usual = options.train;
  usual.split_seed = usual.split_seed.value_or(usual.arguments.seed);  // the rows of all trials
  runs::TrainOptions run = runs::run_options(usual);
  run.is_search = true;
  runs::TuningOptions tuning{.budget = options.budget, .trials = options.trials};
  tuning.space.dimensions = options.space;
  tuning.with_settings = [&](const runs::TrainOptions& /*usual*/, const TrialSettings& settings) {
    TrainOptions changed = usual;
    options.apply ? options.apply(changed, settings) : apply_known(changed, settings);
    runs::TrainOptions trial = runs::run_options(changed);
    runs::require_fine_tuning(trial);
    runs::validate(trial);
    return trial;
  };
  runs::validate(run);
  runs::validate(run, tuning);
  runs::Prepared prepared(usual, run);
  const runs::Tuned done = runs::tune(run, tuning, prepared.base, *prepared.task, prepared.observer);
  TuneResult result{.folder = run.arguments.output_dir,
                    .task = std::string(prepared.task->name),
                    .metric = done.metric,
                    .trials = {},
                    .winner = done.winner.trial,
                    .why = done.winner.why,
                    .seconds = done.results.at("seconds"),
                    .findings = prepared.observer.take_findings()};
  for (const Json& trial : done.results.at("trials"))
    result.trials.push_back(public_trial(trial, result.folder));
  if (done.test) result.test = runs::numbers_of(done.results.at("test"));
  return result;
}

}  // namespace bertune
