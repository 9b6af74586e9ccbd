#include "cli/commands/training_run.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "bertune/error.h"
#include "cli/config/run_config.h"
#include "cli/interrupt.h"
#include "cli/options/flag_words.h"
#include "cli/screen/train_display.h"
#include "cli/screen/train_profile.h"
#include "core/file.h"
#include "core/parallel.h"
#include "kernels/ops.h"
#include "report/metrics_report.h"
#include "report/results.h"
#include "report/table.h"
#include "train/evaluation.h"
#include "train/loss.h"
#include "train/model_folder.h"
#include "train/trainer.h"

namespace bertune::cli {

void prepare_output(const TrainOptions& options) {
  const fs::path& output = options.arguments.output_dir;
  std::error_code error;
  if (fs::exists(output, error) && !fs::is_directory(output, error)) {
    throw UsageError(fmt::format("--output {}: is a file, not a folder", output.string()));
  }
  const bool has_model = fs::exists(output / "config.json", error);
  const bool has_checkpoint = !train::newest_checkpoint(output).empty();
  if ((has_model || has_checkpoint) && !options.overwrite && !options.arguments.resume) {
    throw UsageError(fmt::format(
        "--output {}: already holds a {}; add --resume to go on with it, --overwrite to start anew, "
        "or choose another folder",
        output.string(), has_checkpoint ? "checkpoint" : "model"));
  }
  fs::create_directories(output, error);
  if (error)
    throw Error(fmt::format("--output {}: cannot create the folder: {}", output.string(), error.message()));
  AtomicFile probe(output /
                   "write-test");  // a folder that cannot be written to is found now, not after an epoch
  if (options.overwrite) train::remove_checkpoints_except(output, {});
}

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

namespace {

// What the run made of settings that were left to it, under the names of their flags. Columns are guessed for
// each file, and stay so.
Json resolved_settings(const TrainOptions& options, const TrainingData& data) {
  Json resolved = Json::object();
  for (const auto& [name, value] : data.settings.items())
    if (!name.ends_with("_column")) resolved[name] = value;
  const Json arguments = options.arguments.to_json();
  if (!options.model_to_repeat.empty())
    resolved["model"] = options.model_to_repeat, resolved["revision"] = Json();
  resolved["task"] = data.task->name();
  resolved["eval_strategy"] = Json(), resolved["eval_steps"] = arguments.at("eval_steps");
  if (!options.arguments.fine_tuning.lora) {
    for (const char* detail : {"lora_rank", "lora_alpha", "lora_targets", "rslora"})
      resolved[detail] = Json();
  }
  resolved["precision"] = arguments.at("precision");
  resolved["metric_for_best_model"] = options.arguments.metric_for_best_model;
  resolved["warmup_ratio"] = arguments.at("warmup_ratio");
  resolved["warmup_steps"] = options.arguments.warmup_steps > 0 ? arguments.at("warmup_steps") : Json();
  resolved.update(train::option_values(options.arguments));
  return resolved;
}

}  // namespace

void write_run_config(const TrainOptions& options, const TrainingData& data) {
  const fs::path path = options.arguments.output_dir / "run.yaml";
  if (options.arguments.resume && fs::exists(path)) return;
  write_file_atomically(path, run_config_text(*options.declared_on, resolved_settings(options, data)));
}

Json save_trained_model(const fs::path& folder, const TrainOptions& options, const TrainingData& data,
                        const BertTokenizer& tokenizer, BertPreTrainedModel& model) {
  Json settings = data.settings;
  settings["bertune_version"] = BERTUNE_VERSION;
  settings["task"] = data.task->name();
  settings["arguments"] = options.arguments.to_json();
  if (!model.loss_options().is_plain()) settings["loss"] = train::kept_loss(model);
  if (options.arguments.fine_tuning.merge_lora) model.merge_lora();
  train::save_model_folder(folder, model, tokenizer, settings,
                           save_dtype_from_string(options.arguments.save_dtype));
  return settings;
}

namespace {

bool uses_bf16(const TrainOptions& options) {
  return train::precision_from_string(options.arguments.precision) == Precision::bf16;
}

std::string load_line(const TrainOptions& options, const BertPreTrainedModel& model) {
  const LoadReport& report = model.load_report();
  std::vector<std::string> fresh = report.newly_initialized;
  fresh.insert(fresh.end(), report.mismatched.begin(), report.mismatched.end());
  std::string line =
      fmt::format("Model {}: {} layers, hidden size {}, {} parameters; {} tensors loaded",
                  options.model.string(), model.config().num_hidden_layers, model.config().hidden_size,
                  report::grouped(static_cast<long long>(model.parameters().count())), report.loaded);
  if (report.loaded == 0) {
    line += ", all newly initialised";
  } else if (!fresh.empty()) {
    line += ", newly initialised:";
    for (const std::string& name : fresh) line += " " + name;
    line += " (a new head is expected)";
  }
  const std::size_t all = model.parameters().count(), trained = model.parameters().trainable_count();
  if (trained < all) {
    line += fmt::format("; {} trained, {:.2f} %", report::grouped(static_cast<long long>(trained)),
                        100 * static_cast<double>(trained) / static_cast<double>(all));
  }
  if (!report.unexpected.empty()) {
    line += fmt::format(", {} of the checkpoint not used ({}{})", report.unexpected.size(),
                        report.unexpected.front(), report.unexpected.size() > 1 ? ", ..." : "");
  }
  return line + "\n";
}

}  // namespace

void set_up_fine_tuning(const TrainOptions& options, const TrainingData& data, BertPreTrainedModel& model) {
  const train::TrainingArguments& arguments = options.arguments;
  const Architecture task = data.task->architecture();
  const bool rows_repeat = task != Architecture::pretraining &&
                           task != Architecture::masked_lm &&  // whose rows are drawn anew
                           (arguments.max_steps > 0 || arguments.num_train_epochs > 1);
  train::apply(arguments.fine_tuning, model, rows_repeat);
}

// Two checkpoints with optimizer state and the model itself are on the disk at a time.
void require_disk(const TrainOptions& options, const BertPreTrainedModel& model,
                  const train::Trainer& trainer) {
  const std::uint64_t model_bytes = train::saved_bytes(model);
  const std::uint64_t needed = 2 * trainer.checkpoint_bytes() + model_bytes,
                      available = free_disk_bytes(options.arguments.output_dir);
  if (available < needed) {
    throw Error(fmt::format(
        "--output {}: the run needs about {} MiB for checkpoints and the disk has {} MiB; free some space "
        "or choose another place",
        options.arguments.output_dir.string(), needed >> 20, available >> 20));
  }
}

namespace {

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

Json evaluation_values(BertPreTrainedModel& model, const tasks::Task& task, const tasks::Examples& examples,
                       std::int64_t batch_size, tasks::Metrics& metrics) {
  const double start = report::monotonic_seconds();
  metrics = train::evaluate(model, task, examples, batch_size, {}, interrupt_token());
  const double seconds = std::max(report::monotonic_seconds() - start, 1e-9);
  Json values = report::metric_values(metrics);
  values["runtime"] = seconds;
  values["samples"] = examples.rows();
  values["samples_per_second"] = static_cast<double>(examples.rows()) / seconds;
  return values;
}

struct Finished {
  report::Results results;
  tasks::Metrics test_metrics;
};

// The model is saved before it is tested: a failure from here on loses a number, not the training.
Finished save_and_test(const TrainOptions& options, TrainingData& data, const BertTokenizer& tokenizer,
                       BertPreTrainedModel& model, const train::TrainingResult& result) {
  const fs::path& output = options.arguments.output_dir;
  Json settings = save_trained_model(output, options, data, tokenizer, model);
  if (save_dtype_from_string(options.arguments.save_dtype) != SaveDtype::float32)
    model.load_weights(output);  // what is tested is what was saved
  Finished finished;
  finished.results["train"] = train_values(result, data.train->rows());
  tasks::Metrics validation_metrics;
  if (data.validation) {
    finished.results["eval"] = evaluation_values(model, *data.task, *data.validation,
                                                 options.arguments.eval_batch_size, validation_metrics);
    const Json tuned = data.task->tune(validation_metrics);
    if (!tuned.empty()) {
      settings.update(tuned);
      train::save_settings(output, settings);
      if (!options.json && !options.quiet)
        fmt::print(stderr, "note: best on validation and kept with the model: {}\n", tuned.dump());
    }
  }
  if (data.test) {
    finished.results["test"] = evaluation_values(model, *data.task, *data.test,
                                                 options.arguments.eval_batch_size, finished.test_metrics);
  }
  finished.results["train"]["peak_rss_mib"] = peak_rss_mib();
  report::write_results(output, finished.results);
  write_file_atomically(
      output / "trainer_state.json",
      dump_json(train::trainer_state(result.state, options.arguments.to_json(), result.plan, output)));
  if (!options.arguments.keep_checkpoints) train::remove_checkpoints_except(output, {});
  return finished;
}

void print_results(const TrainOptions& options, std::string_view try_it, const BertPreTrainedModel& model,
                   const train::TrainingResult& result, const Finished& finished) {
  if (options.json) {
    Json all = Json::object();
    for (const auto& [prefix, values] : finished.results) all.update(report::with_prefix(prefix, values));
    fmt::print("{}", dump_json(all));
    return;
  }
  const double seconds = std::max(result.runtime, 1e-9);
  fmt::print("\nTrained {} steps in {} ({} tokens/s, peak memory {:.0f} MiB); mean training loss {:.4f}\n",
             result.state.global_step, report::format_duration(result.runtime),
             report::grouped(static_cast<long long>(static_cast<double>(result.state.tokens) / seconds)),
             peak_rss_mib(), result.train_loss);
  if (!result.stopped_early.empty()) fmt::print("Training {}\n", with_flags(result.stopped_early));
  if (result.kept_best) {
    fmt::print("Kept the weights of step {}, where validation was best{}\n", result.state.best_step,
               result.state.best_metric ? fmt::format(" ({:.4f})", *result.state.best_metric) : "");
  }
  const report::Terminal terminal = report::terminal_of(STDOUT_FILENO);
  if (!options.test.empty()) {
    fmt::print("\nTest on {}:\n{}", options.test.string(),
               report::metrics_report(finished.test_metrics,
                                      {.style = report::Style(terminal.colors), .width = terminal.width}));
  }
  const std::string folder = options.arguments.output_dir.string();
  fmt::print(
      "\nWrote to {}:\n"
      "{}"
      "  its tokenizer          tokenizer.json, tokenizer_config.json, the vocabulary, "
      "special_tokens_map.json\n"
      "  results and log        all_results.json, trainer_state.json\n"
      "  all settings           run.yaml, with which --config repeats the run\n"
      "Use it:\n  {}\n",
      folder,
      model.lora() != nullptr
          ? fmt::format(
                "  the adapter            adapter_config.json, adapter_model.safetensors (PEFT loads this "
                "folder)\n  of the model           {}\n",
                model.lora()->base_model_name_or_path)
          : "  the model              config.json, model.safetensors (Transformers loads this folder)\n",
      fmt::format(fmt::runtime(try_it), folder));
}

}  // namespace

void run_training(const TrainOptions& options, const BertTokenizer& tokenizer, BertPreTrainedModel& model,
                  TrainingData& data, std::string_view try_it) {
  set_up_fine_tuning(options, data, model);
  if (!options.json && !options.quiet) {
    fmt::print(stderr, "{}Training on {} threads with {} kernels{}\n", load_line(options, model),
               num_threads(), kernels::ops().name,
               uses_bf16(options) ? ", matrix products in bf16 (--precision fp32 for f32)" : "");
  }
  TrainDisplay display(std::cerr, options.quiet || options.json);
  TrainProfile profile(display);
  train::Observer& observer = options.profile ? static_cast<train::Observer&>(profile) : display;
  train::Trainer trainer(model, tokenizer, options.arguments, observer, *data.task, data.row_name);
  require_disk(options, model, trainer);
  write_run_config(options, data);
  std::optional<train::TrainingResult> result;
  try {
    result = trainer.train(*data.train, data.validation.get(), interrupt_token());
  } catch (const Interrupted& interrupted) {
    display.finish();
    throw Interrupted(fmt::format("{}; a checkpoint is in {}: the same command with --resume goes on from it",
                                  interrupted.what(), options.arguments.output_dir.string()));
  }
  display.finish();
  const Finished finished = save_and_test(options, data, tokenizer, model, *result);
  const std::string profiled =
      options.profile ? profile.finish(options.arguments.output_dir / "profile.json", uses_bf16(options))
                      : "";
  print_results(options, try_it, model, *result, finished);
  if (!options.json) fmt::print("{}{}", profiled.empty() ? "" : "\n", profiled);
}

}  // namespace bertune::cli
