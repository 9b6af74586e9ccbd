// bertune predict: a fine-tuned model's answers, a line each.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "core/file.h"
#include "data/texts/reader.h"
#include "report/progress.h"

namespace bertune::cli {

struct PredictOptions {
  std::filesystem::path model, base, input, output;  // base: of an adapter
  std::string output_format = "jsonl";
  HubFlags hub;
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
  void rewrite_beginning(std::string_view text);  // of a file, with as many bytes
  void finish();

 private:
  std::optional<AtomicFile> file_;
};

// Predicts rows of texts, from the file or standard input, as they come: memory does not grow with them.
// `header` is written first; `lines` is what a chunk of rows becomes; `final_header`, if there is one, takes
// the place of the header when all rows are known.
void predict_rows(const PredictOptions& options,
                  const std::function<std::string(const data::ColumnChoice&)>& header,
                  const std::function<std::string(const std::vector<data::Row>&)>& lines,
                  const std::function<std::string()>& final_header = {});
// Quiet when the predictions go to standard output. `total`: 0 where it is not known.
report::ProgressBar progress_bar(const PredictOptions& options, std::int64_t total);

void add_predict_command(CLI::App& app);

}  // namespace bertune::cli
