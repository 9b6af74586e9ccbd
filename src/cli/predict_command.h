// bertune predict: a fine-tuned model's answers, a line each.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/file.h"
#include "data/reader.h"
#include "report/progress.h"
#include "shared_options.h"

namespace bertune::cli {

struct PredictOptions {
  std::filesystem::path model, input, output;
  std::string output_format = "jsonl";
  DataOptions data;
  std::optional<std::int64_t> max_length;
  std::int64_t batch_size = 64;
  QuestionAnsweringOptions question_answering;
  std::int64_t top = 1;
  std::string precision = "fp32";
  std::optional<double> threshold;
  ThreadOptions threads;
  bool quiet = false;

  bool reads_standard_input() const { return input.empty() || input == "-"; }
};

// Standard output, or a file that appears when all is written.
class Sink {
 public:
  explicit Sink(const std::filesystem::path& path);
  void write(std::string_view text);
  void finish();

 private:
  std::optional<AtomicFile> file_;
};

// The rows of texts to predict, from the file or standard input.
data::RowStream open_rows(const PredictOptions& options);
// Quiet when the predictions go to standard output. `total`: 0 where it is not known.
report::ProgressBar progress_bar(const PredictOptions& options, std::int64_t total);

void add_predict_command(CLI::App& app);

}  // namespace bertune::cli
