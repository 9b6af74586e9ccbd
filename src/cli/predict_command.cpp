#include "predict_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "bertune/error.h"
#include "core/file.h"
#include "report/progress.h"
#include "shared_options.h"
#include "tasks/prediction.h"
#include "train/arguments.h"
#include "train/evaluation.h"
#include "train/interrupt.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

// Rows read, predicted and written at a time: memory does not grow with the file.
constexpr std::int64_t kRowsAtATime = 1024;

struct Options {
  std::filesystem::path model, input, output;
  std::string output_format = "jsonl";
  DataOptions data;
  std::optional<std::int64_t> max_length;
  std::int64_t batch_size = 64;
  std::string precision = "fp32";
  double threshold = 0.5;
  ThreadOptions threads;
  bool quiet = false;
};

// Standard output, or a file that appears when all is written.
class Sink {
 public:
  explicit Sink(const std::filesystem::path& path) {
    if (!path.empty() && path != "-") file_.emplace(path);
  }
  void write(std::string_view text) {
    if (file_) {
      file_->write(text);
    } else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
      throw Error("standard output cannot be written to (is the disk full, or the reader gone?)");
    }
  }
  void finish() {
    if (file_) file_->commit();
  }

 private:
  std::optional<AtomicFile> file_;
};

data::RowStream open_rows(const Options& options) {
  data::ReadOptions read = options.data.read_options(false);
  if (options.input.empty() || options.input == "-") return data::RowStream(std::cin, "standard input", read);
  return data::RowStream(options.input, read);
}

std::string predict_rows(train::ModelFolder& folder, const std::vector<data::Row>& rows, bool has_pairs,
                         const Options& options, tasks::PredictionFormat format) {
  data::Dataset chunk;
  chunk.rows = rows;
  chunk.has_pairs = has_pairs;
  const tasks::Features features = make_features(chunk, folder.tokenizer, folder.task, false);
  std::string lines;
  train::for_each_logits(
      folder.model, features, options.batch_size, [&](std::int64_t row, std::span<const float> logits) {
        lines += tasks::prediction_line(format, folder.model.config(), rows[static_cast<std::size_t>(row)],
                                        has_pairs,
                                        tasks::predict(folder.model.config(), logits, options.threshold));
      });
  return lines;
}

void run(const Options& options) {
  if (options.output_format != "jsonl" && options.output_format != "csv") {
    throw UsageError(fmt::format("--format is \"{}\"; it must be jsonl or csv", options.output_format));
  }
  const auto format =
      options.output_format == "csv" ? tasks::PredictionFormat::csv : tasks::PredictionFormat::jsonl;
  if (options.batch_size < 1) throw UsageError("--batch-size must be at least 1");
  const train::InterruptGuard guard;
  use_threads(options.threads);
  train::ModelFolder folder = train::ModelFolder::open(options.model, options.max_length);
  folder.model.set_precision(Precision::fp32, train::precision_from_string(options.precision));
  data::RowStream stream = open_rows(options);
  Sink sink(options.output);
  report::ProgressBar bar(
      std::cerr, "predicting", 0,
      {.terminal = report::terminal_of(STDERR_FILENO), .quiet = options.quiet || options.output.empty()});
  const bool has_pairs = static_cast<bool>(stream.columns().text_pair);
  sink.write(tasks::prediction_header(format, has_pairs));
  std::vector<data::Row> rows;
  std::int64_t done = 0;
  while (stream.next_batch(kRowsAtATime, rows)) {
    sink.write(predict_rows(folder, rows, has_pairs, options, format));
    done += static_cast<std::int64_t>(rows.size());
    bar.update(done);
  }
  sink.finish();
  bar.finish();
  print_notes(stream.notes());
}

}  // namespace

void add_predict_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("predict", "Predict labels for texts");
  command->add_option("--model,--model_name_or_path", options->model, "Folder of the fine-tuned model")
      ->required();
  command->add_option("file,--test_file", options->input,
                      "Data file (default: one text a line on standard input)");
  command->add_option("--output", options->output, "File to write (default: standard output)");
  command->add_option("--format", options->output_format, "What to write: jsonl or csv")
      ->capture_default_str();
  options->data.add_to(*command, "--input-format");
  command->add_option("--threshold", options->threshold, "Multi-label: probability from which a label counts")
      ->capture_default_str();
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
      "A line: {\"text\": ..., \"label\": ..., \"score\": ..., \"scores\": {label: probability}}");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
