#include "cli/commands/predict_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/config/run_config.h"
#include "cli/interrupt.h"
#include "train/arguments.h"
#include "train/model_folder.h"

namespace bertune::cli {
Sink::Sink(const std::filesystem::path& path) {
  if (!path.empty() && path != "-") file_.emplace(path);
}

void Sink::write(std::string_view text) {
  if (file_) {
    file_->write(text);
  } else {
    write_to_standard_output(text);
  }
}

void Sink::rewrite_beginning(std::string_view text) {
  if (file_) file_->rewrite(0, text);
}

void Sink::finish() {
  if (file_) file_->commit();
}

report::ProgressBar progress_bar(const PredictOptions& options, std::int64_t total) {
  return report::ProgressBar(
      std::cerr, "predicting", total,
      {.terminal = report::terminal_of(STDERR_FILENO), .quiet = options.quiet || options.output.empty()});
}

void predict_rows(const PredictOptions& options,
                  const std::function<std::string(const data::ColumnChoice&)>& header,
                  const std::function<std::string(const std::vector<data::Row>&)>& lines,
                  const std::function<std::string()>& final_header) {
  constexpr std::int64_t kRowsAtATime = 1024;
  const data::ReadOptions read = options.data.read_options(false);
  data::RowStream stream = options.reads_standard_input() ? data::RowStream(std::cin, "standard input", read)
                                                          : data::RowStream(options.input, read);
  Sink sink(options.output);
  report::ProgressBar bar = progress_bar(options, 0);
  sink.write(header(stream.columns()));
  std::vector<data::Row> rows;
  std::int64_t done = 0;
  while (stream.next_batch(kRowsAtATime, rows)) {
    sink.write(lines(rows));
    done += static_cast<std::int64_t>(rows.size());
    bar.update(done);
  }
  if (final_header) sink.rewrite_beginning(final_header());
  sink.finish();
  bar.finish();
  print_notes(stream.notes());
}

namespace {

void run(const PredictOptions& options) {
  if (options.batch_size < 1) throw UsageError("--batch-size must be at least 1");
  const InterruptGuard guard;
  use_threads(options.threads);
  train::ModelFolder folder = train::ModelFolder::open(options.model, options.max_length, options.base);
  folder.model.set_precision(Precision::fp32, train::precision_from_string(options.precision));
  task_of(folder, options.model).predict(folder, options);
}

}  // namespace

void add_predict_command(CLI::App& app) {
  const auto options = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand(
      "predict", "Label texts or words, answer questions, choose: with a fine-tuned model");
  add_run_config(*command);
  command
      ->add_option("--model,--model_name_or_path", options->model,
                   "Folder of the fine-tuned model, or its name on the hub")
      ->required();
  options->hub.add_to(*command);
  command->add_option("file,--test_file", options->input,
                      "Data file (default: standard input, a text a line; questions as JSON Lines)");
  command->add_option("--output", options->output, "File to write (default: standard output)");
  command->add_option("--format", options->output_format, "What to write: jsonl or csv")
      ->capture_default_str();
  options->data.add_to(*command, "--input-format");
  options->question_answering.add_to(*command);
  command->add_option("--top,--top_k", options->top, "Question answering: candidates to list")
      ->group("Question answering")
      ->capture_default_str();
  command->add_option("--threshold", options->threshold,
                      "Multi-label: probability from which a label counts (default: what was best on "
                      "validation, or 0.5)");
  command->add_option("--max-length,--max_seq_length", options->max_length,
                      "Tokens a text (default: as in training)");
  command->add_option("--batch-size,--per_device_eval_batch_size", options->batch_size, "Texts a batch")
      ->capture_default_str();
  add_threads_option(*command, options->threads);
  add_precision_option(*command, options->precision);
  command->add_flag("--quiet,--disable_tqdm", options->quiet, "No progress");
  command->footer(
      "Examples:\n"
      "  echo \"where is my parcel?\" | bertune predict --model my-model\n"
      "  bertune predict --model my-model new.csv --output predictions.jsonl\n"
      "A line of the output, for texts: {\"text\": ..., \"label\": ..., \"score\": ..., \"scores\": {label: "
      "probability}}");
  command->callback([options] {
    options->model = options->hub.find(options->model, options->quiet);
    options->base = options->hub.find_base(options->model, options->quiet);
    run(*options);
  });
}

}  // namespace bertune::cli
