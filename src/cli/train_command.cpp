#include "train_command.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "data/check.h"
#include "data/labels.h"
#include "data/split.h"
#include "kernels/ops.h"
#include "report/data_report.h"
#include "report/metrics_report.h"
#include "report/results.h"
#include "report/table.h"
#include "train/evaluation.h"
#include "train/interrupt.h"
#include "train/model_folder.h"
#include "train/trainer.h"
#include "train_display.h"
#include "train_options.h"
#include "train_profile.h"

namespace bertune::cli {
namespace {

// An earlier result is not overwritten by a slip, nor is a folder of something else.
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

struct Datasets {
  data::Dataset train, validation, test;
  bool has_validation = false, has_test = false;
  std::vector<std::string> notes;

  std::vector<data::NamedDataset> named() const {
    std::vector<data::NamedDataset> list = {{"train", &train}};
    if (has_validation) list.push_back({"validation", &validation});
    if (has_test) list.push_back({"test", &test});
    return list;
  }
};

data::Dataset read(const TrainOptions& options, const fs::path& path, std::int64_t max_rows) {
  data::ReadOptions read_options = options.data.read_options(true);
  read_options.max_rows = max_rows;
  return data::read_dataset(path, read_options);
}

Datasets read_datasets(const TrainOptions& options) {
  Datasets sets;
  sets.train = read(options, options.train, options.max_train_rows);
  if (!options.validation.empty()) {
    sets.validation = read(options, options.validation, options.max_validation_rows);
    sets.has_validation = true;
  }
  if (!options.test.empty()) {
    sets.test = read(options, options.test, options.max_test_rows);
    sets.has_test = true;
  }
  for (const auto& [name, dataset] : sets.named()) {
    if (dataset->has_pairs != sets.train.has_pairs) {
      throw UsageError(
          fmt::format("{} has {} and {} {}; name the columns with --text-column and --text-pair-column",
                      sets.train.path, sets.train.has_pairs ? "pairs of texts" : "single texts",
                      dataset->path, dataset->has_pairs ? "pairs" : "single texts"));
    }
  }
  return sets;
}

void split_off_validation(const TrainOptions& options, Datasets& sets) {
  if (sets.has_validation || options.validation_split <= 0) return;
  const data::Split split =
      data::stratified_split(sets.train, options.validation_split, options.arguments.seed);
  if (split.validation.empty()) return;
  sets.notes.push_back(fmt::format(
      "no --validation: {} of the {} training rows are held out, stratified by label "
      "(--validation-split {} --seed {})",
      split.validation.size(), sets.train.rows.size(), options.validation_split, options.arguments.seed));
  sets.validation = data::subset(sets.train, split.validation);
  data::Dataset rest = data::subset(sets.train, split.train);
  rest.notes = sets.train.notes;
  sets.train = std::move(rest);
  sets.has_validation = true;
}

// The checkpoint's own label names keep their ids when the data has no others: fine-tuning on continues the
// same head.
data::LabelMap labels_of(const data::Dataset& train, const BertConfig& config, bool multi_label) {
  data::LabelMap labels = data::build_label_map(train, {.given = {}, .multi_label = multi_label});
  const data::LabelMap given(config.id2label);
  const auto known = [&](const std::string& label) { return given.id_of(label).has_value(); };
  return std::ranges::all_of(labels.id2label(), known) ? given : labels;
}

tasks::TextClassification task_of(const TrainOptions& options, const Datasets& sets, const BertConfig& config,
                                  std::vector<std::string>& notes) {
  tasks::TextClassification task;
  if (options.problem_type.empty()) {
    const data::ProblemTypeGuess guess = data::guess_problem_type(sets.train);
    task.problem_type = guess.type;
    notes.push_back(
        fmt::format("task: {} ({}; --problem-type says otherwise)", to_string(guess.type), guess.reason));
  } else {
    task.problem_type = problem_type_from_string(options.problem_type);
  }
  task.labels =
      task.problem_type == ProblemType::regression
          ? data::LabelMap(std::vector<std::string>{"LABEL_0"})
          : labels_of(sets.train, config, task.problem_type == ProblemType::multi_label_classification);
  task.max_length = options.max_length.value_or(std::min<std::int64_t>(128, config.max_position_embeddings));
  train::require_max_length(task.max_length, config);
  return task;
}

LoadOptions load_options(const TrainOptions& options, const tasks::TextClassification& task) {
  LoadOptions load;
  load.id2label = task.labels.id2label();
  load.problem_type = task.problem_type;
  load.ignore_mismatched_sizes = options.ignore_mismatched_sizes;
  load.seed = options.arguments.seed;
  const auto to_float = [](std::optional<double> value) {
    return value ? std::optional<float>(static_cast<float>(*value)) : std::nullopt;
  };
  load.hidden_dropout_prob = to_float(options.hidden_dropout);
  load.attention_probs_dropout_prob = to_float(options.attention_dropout);
  load.classifier_dropout = to_float(options.classifier_dropout);
  return load;
}

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
  if (!fresh.empty()) {
    line += ", newly initialised:";
    for (const std::string& name : fresh) line += " " + name;
    line += " (a new head is expected)";
  }
  if (!report.unexpected.empty()) {
    line += fmt::format(", {} of the checkpoint not used ({}{})", report.unexpected.size(),
                        report.unexpected.front(), report.unexpected.size() > 1 ? ", ..." : "");
  }
  return line + "\n";
}

// Two checkpoints with optimizer state and the model itself are on the disk at a time.
void require_disk(const TrainOptions& options, const BertPreTrainedModel& model) {
  const std::uint64_t floats = model.parameters().count();
  const std::uint64_t needed = floats * 4 * (2 * 3 + 1),
                      available = free_disk_bytes(options.arguments.output_dir);
  if (available < needed) {
    throw Error(fmt::format(
        "--output {}: the run needs about {} MiB for checkpoints and the disk has {} MiB; free some space "
        "or choose another place",
        options.arguments.output_dir.string(), needed >> 20, available >> 20));
  }
}

struct FeatureSets {
  tasks::Features train, validation, test;
};

// All labels of all splits are looked up here, before the first step.
FeatureSets make_feature_sets(const Datasets& sets, const BertTokenizer& tokenizer,
                              const tasks::TextClassification& task) {
  FeatureSets features;
  features.train = make_features(sets.train, tokenizer, task, true);
  if (sets.has_validation) features.validation = make_features(sets.validation, tokenizer, task, true);
  if (sets.has_test) features.test = make_features(sets.test, tokenizer, task, true);
  return features;
}

// Before the texts are tokenized: they are in memory now, and the ids are not.
data::CheckResult check_data(const Datasets& sets, const tasks::TextClassification& task) {
  return data::check_datasets(
      sets.named(), {.classification = task.problem_type == ProblemType::single_label_classification});
}

void print_data_report(const Datasets& sets, const FeatureSets& features,
                       const tasks::TextClassification& task, data::CheckResult check) {
  const std::vector<data::NamedDataset> named = sets.named();
  for (const tasks::Features* part : {&features.train, &features.validation, &features.test}) {
    if (part->rows() > 0) check.lengths.push_back(data::check_lengths(part->lengths, task.max_length));
  }
  const report::Terminal terminal = report::terminal_of(STDERR_FILENO);
  fmt::print(stderr, "\n{}\n", report::data_report(check, named, {.style = report::Style(terminal.colors)}));
  for (const std::string& note : sets.notes) fmt::print(stderr, "note: {}\n", note);
  const std::int64_t special = features.train.rows_with_special_tokens +
                               features.validation.rows_with_special_tokens +
                               features.test.rows_with_special_tokens;
  if (special > 0) {
    warn(fmt::format(
        "{} texts hold special tokens such as [SEP] themselves; they are taken as such, as Transformers does",
        special));
  }
}

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

Json evaluation_values(BertPreTrainedModel& model, const tasks::Features& features, std::int64_t batch_size,
                       tasks::Metrics& metrics) {
  const double start = report::monotonic_seconds();
  metrics = train::evaluate(model, features, batch_size);
  const double seconds = std::max(report::monotonic_seconds() - start, 1e-9);
  Json values = report::metric_values(metrics);
  values["runtime"] = seconds;
  values["samples"] = features.rows();
  values["samples_per_second"] = static_cast<double>(features.rows()) / seconds;
  return values;
}

Json settings_to_keep(const TrainOptions& options, const Datasets& sets,
                      const tasks::TextClassification& task) {
  const auto column = [](const data::ChosenColumn& chosen) { return chosen ? Json(chosen.name) : Json(); };
  return {{"bertune_version", BERTUNE_VERSION},
          {"max_length", task.max_length},
          {"problem_type", to_string(task.problem_type)},
          {"text_column", column(sets.train.columns.text)},
          {"text_pair_column", column(sets.train.columns.text_pair)},
          {"label_column", column(sets.train.columns.label)},
          {"arguments", options.arguments.to_json()}};
}

struct Finished {
  report::Results results;
  tasks::Metrics test_metrics;
};

// The model is saved before it is tested: a failure from here on loses a number, not the training.
Finished save_and_test(const TrainOptions& options, const Datasets& sets, const FeatureSets& features,
                       const tasks::TextClassification& task, const BertTokenizer& tokenizer,
                       BertPreTrainedModel& model, const train::TrainingResult& result) {
  const fs::path& output = options.arguments.output_dir;
  train::save_model_folder(output, model, tokenizer, settings_to_keep(options, sets, task));
  Finished finished;
  finished.results["train"] = train_values(result, features.train.rows());
  tasks::Metrics validation_metrics;
  if (sets.has_validation) {
    finished.results["eval"] =
        evaluation_values(model, features.validation, options.arguments.eval_batch_size, validation_metrics);
  }
  if (sets.has_test) {
    finished.results["test"] =
        evaluation_values(model, features.test, options.arguments.eval_batch_size, finished.test_metrics);
  }
  finished.results["train"]["peak_rss_mib"] = peak_rss_mib();
  report::write_results(output, finished.results);
  write_file_atomically(
      output / "trainer_state.json",
      dump_json(train::trainer_state(result.state, options.arguments.to_json(), result.plan.total_steps,
                                     options.arguments.num_train_epochs, output)));
  if (!options.arguments.keep_checkpoints) train::remove_checkpoints_except(output, {});
  return finished;
}

void print_results(const TrainOptions& options, const Datasets& sets, const train::TrainingResult& result,
                   const Finished& finished) {
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
  if (result.kept_best) fmt::print("Kept the best epoch by validation, of step {}\n", result.state.best_step);
  const report::Terminal terminal = report::terminal_of(STDOUT_FILENO);
  if (sets.has_test) {
    fmt::print("\nTest on {}:\n{}", sets.test.path,
               report::metrics_report(finished.test_metrics,
                                      {.style = report::Style(terminal.colors), .width = terminal.width}));
  }
  const std::string folder = options.arguments.output_dir.string();
  fmt::print(
      "\nWrote to {}:\n"
      "  the model              config.json, model.safetensors (Transformers loads this folder)\n"
      "  its tokenizer          tokenizer.json, tokenizer_config.json, vocab.txt, special_tokens_map.json\n"
      "  results and log        all_results.json, trainer_state.json\n"
      "Use it:\n  echo \"your text\" | bertune predict --model {}\n",
      folder, folder);
}

void run(TrainOptions& options) {
  options.settle();
  for (const std::string& note : options.ignored) fmt::print(stderr, "note: {}\n", note);
  const train::InterruptGuard guard;
  use_threads(options.threads);
  prepare_output(options);
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(options.model);
  const BertConfig config = BertConfig::from_pretrained(options.model);
  train::require_matching_vocabulary(options.model, tokenizer, config);
  Datasets sets = read_datasets(options);
  const tasks::TextClassification task = task_of(options, sets, config, sets.notes);
  split_off_validation(options, sets);
  const bool reports = !options.json && !options.quiet;
  data::CheckResult check = reports ? check_data(sets, task) : data::CheckResult();
  const FeatureSets features = make_feature_sets(sets, tokenizer, task);
  if (reports) print_data_report(sets, features, task, std::move(check));
  // From here on rows are asked for their places alone, and a large file's memory is better the model's.
  for (const data::NamedDataset& set : sets.named()) set.dataset->release_pages();

  BertPreTrainedModel model = BertPreTrainedModel::from_pretrained(
      options.model, Architecture::sequence_classification, load_options(options, task));
  require_disk(options, model);
  if (reports) {
    fmt::print(stderr, "{}Training on {} threads with {} kernels{}\n", load_line(options, model),
               num_threads(), kernels::ops().name,
               uses_bf16(options) ? ", matrix products in bf16 (--precision fp32 for f32)" : "");
  }
  TrainDisplay display(std::cerr, options.quiet || options.json);
  TrainProfile profile(display);
  train::Observer& observer = options.profile ? static_cast<train::Observer&>(profile) : display;
  train::Trainer trainer(model, tokenizer, options.arguments, observer, [&](std::int64_t row) {
    return sets.train.where(sets.train.rows[static_cast<std::size_t>(row)]);
  });
  std::optional<train::TrainingResult> result;
  try {
    result = trainer.train(features.train, sets.has_validation ? &features.validation : nullptr);
  } catch (const Interrupted& interrupted) {
    display.finish();
    throw Interrupted(fmt::format("{}; a checkpoint is in {}: the same command with --resume goes on from it",
                                  interrupted.what(), options.arguments.output_dir.string()));
  }
  display.finish();
  const Finished finished = save_and_test(options, sets, features, task, tokenizer, model, *result);
  const std::string profiled =
      options.profile ? profile.finish(options.arguments.output_dir / "profile.json", uses_bf16(options))
                      : "";
  print_results(options, sets, *result, finished);
  if (!options.json) fmt::print("{}{}", profiled.empty() ? "" : "\n", profiled);
}

}  // namespace

void add_train_command(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand("train", "Fine-tune a checkpoint on labelled texts, and test it");
  options->add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune train --model DIR --train train.csv --output my-model\n"
      "  bertune train --model DIR --train train.tsv --validation dev.tsv --test test.tsv --output my-model "
      "\\\n"
      "    --text-column sentence --label-column label --epochs 3 --learning-rate 3e-5\n"
      "  bertune train ... --output my-model --resume     after Ctrl-C or a crash\n"
      "Flags of the Transformers scripts (--model_name_or_path, --num_train_epochs, ...) are taken too.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
