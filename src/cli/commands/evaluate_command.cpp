#include "cli/commands/evaluate_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "bertune/error.h"
#include "cli/commands/report_command.h"
#include "cli/commands/task_commands.h"
#include "cli/config/run_config.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/ranks.h"
#include "core/stopwatch.h"
#include "core/writing.h"
#include "insight/explain/find_words.h"
#include "insight/results/prediction_table.h"
#include "report/html/page.h"
#include "report/metrics_report.h"
#include "report/progress.h"
#include "runs/results.h"
#include "tasks/prediction.h"
#include "tasks/trained_settings.h"
#include "train/arguments.h"
#include "train/checkpoints.h"
#include "train/evaluation.h"
#include "train/loss.h"
#include "train/model_folder.h"
#include "train/rank_outputs.h"

namespace bertune::cli {
namespace {

report::html::FindWords words_finder(const EvaluateOptions& options) {
  const insight::ExplainedModel model{options.model.folder, options.model.base, options.max_length,
                                      options.threshold};
  return insight::finder_of_words(
      options.output, options.no_explanations ? std::nullopt : std::optional(model),
      [](const std::string& note) { print_notes({note}); }, interrupt_token());
}

// Leaves results, predictions and report.
void write_output(const EvaluateOptions& options, const train::ModelFolder& folder,
                  const tasks::TestData& data, const tasks::Records& records, const Json& values) {
  writing::make_folders(options.output);
  runs::write_results(options.output, {{"test", values}});
  if (path_exists(options.output / "config.json")) {
    print_notes({fmt::format(
        "no predictions and no report are written: {} holds a model, whose own they would replace",
        options.output.string())});
  } else {
    insight::PredictionTable table{.task = std::string(data.task->name())};
    insight::add_set(table, "test", options.test.string(), &records, data.item_text);
    table.form.temperature = folder.temperature;
    table.form.folded_by = tasks::folded_temperature_of(folder.settings);
    insight::write_predictions(options.output, table);
    write_report_beside(options.output, words_finder(options));
  }
}

void run(const EvaluateOptions& options) {
  use_threads(options.threads);
  if (options.batch_size < 1) throw UsageError("--batch-size must be at least 1");
  train::ModelFolder folder =
      train::ModelFolder::open(options.model.folder, options.max_length, options.model.base);
  print_notes(folder.tokenizer.notes());
  folder.model.set_precision(Precision::fp32, train::precision_of(options.precision));
  train::restore_loss(folder.model, folder.settings, options.model.folder);
  tasks::require_long_text_fits(folder.model.architecture(), options.long_text);
  const tasks::TestData data =
      task_of(folder.model.architecture(), options.model.folder)
          .read_test({.path = options.test,
                      .data = options.data,
                      .question_answering = options.question_answering,
                      .threshold = options.threshold,
                      .long_text = options.long_text},
                     {folder.tokenizer, folder.model.config(), folder.max_length, folder.settings});
  print_notes(data.notes);
  const tasks::Examples& examples = *data.examples;
  if (const std::string note = tasks::unknown_tokens_note(examples.count_of(folder.tokenizer.unk_token_id()),
                                                          examples.tokens_of_first(examples.rows()));
      !note.empty())
    print_notes({note});
  const report::Terminal terminal = report::terminal_of(STDERR_FILENO);
  report::ProgressBar bar(std::cerr, "evaluating", examples.rows(),
                          {.terminal = terminal, .quiet = options.hides_progress()});
  if (distributed::Ranks* ranks = distributed::current()) {
    train::require_same_on(*ranks, {{"the rows", examples.fingerprint()},
                                    {"the model's weights", train::hash_of_weights(folder.model)}});
  }
  const Stopwatch watch;
  train::RecordKeeper records(*data.task, examples, options.output.empty() ? 0 : options.max_prediction_rows);
  const Metrics metrics = train::evaluate(
      folder.model, *data.task, examples, options.batch_size,
      [&](std::int64_t rows) { bar.update(rows, {}, examples.tokens_of_first(rows)); }, interrupt_token(),
      records.recorder());
  bar.finish();
  if (!is_first_rank()) return;
  const double seconds = watch.seconds();
  Json values = runs::metric_values(metrics);
  values["runtime"] = seconds;
  values["samples"] = metrics.rows;
  values["samples_per_second"] = static_cast<double>(examples.items()) / seconds;
  values["tokens_per_second"] = static_cast<double>(examples.tokens_of_first(examples.rows())) / seconds;
  if (!options.output.empty()) write_output(options, folder, data, *records.take(), values);
  if (options.json) {
    fmt::print("{}", dump_json(runs::with_prefix("test", values)));
    return;
  }
  const report::Terminal out = report::terminal_of(STDOUT_FILENO);
  fmt::print("{}", report::metrics_report(metrics, {.style = report::Style(out.colors), .width = out.width}));
  if (!options.output.empty())
    fmt::print("\nWrote test_results.json and all_results.json to {}\n", options.output.string());
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  const auto options = std::make_shared<EvaluateOptions>();
  CLI::App* command = app.add_subcommand("evaluate", "Test a fine-tuned model on labeled data");
  add_run_config(*command);
  options->model.add_to(*command, "Folder of the fine-tuned model, or its name on the Hugging Face Hub");
  command->add_option("--test,--test_file,--validation_file", options->test, "File of labeled data")
      ->required();
  command->add_option("--output,--output_dir", options->output,
                      "Folder to write test_results.json and all_results.json to");
  command
      ->add_option("--max-prediction-rows,--max_prediction_rows", options->max_prediction_rows,
                   "Rows that predictions.json keeps, with --output (0: write none)")
      ->capture_default_str();
  command->add_flag(
      "--no-explanations", options->no_explanations,
      "With --output, do not look for the words behind the worst mistakes, which takes seconds");
  add_data_options(*command, options->data);
  add_labels_file_option(*command, options->data, "--test");
  add_long_text_options(*command, options->long_text, "as in training by default");
  add_question_answering_options(*command, options->question_answering);
  command->add_option(
      "--threshold", options->threshold,
      "Multi-label: probability above which a label counts (default: best on validation, or 0.5)");
  command->add_option("--max-length,--max_seq_length", options->max_length,
                      "Tokens per text (default: as in training)");
  command->add_option("--batch-size,--per_device_eval_batch_size", options->batch_size, "Examples per batch")
      ->capture_default_str();
  add_threads_option(*command, options->threads);
  add_precision_option(*command, options->precision);
  command->add_flag("--json", options->json, "Print the metrics as JSON and nothing else");
  options->screen.add_to(*command);
  command->footer("Example:\n  bertune evaluate --model my-model --test test.csv --output my-model/test");
  command->callback([options] {
    const InterruptGuard guard;
    join_ranks();
    if (!is_first_rank()) options->screen.silent = true;
    options->model.find(options->hides_progress());
    run(*options);
  });
}

}  // namespace bertune::cli
