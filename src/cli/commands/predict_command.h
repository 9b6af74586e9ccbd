// bertune predict: a fine-tuned model's answers, a line each.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "core/json.h"
#include "data/files/shard.h"
#include "report/progress.h"

namespace bertune::cli {

struct PredictOptions {
  AskedModel model;
  std::filesystem::path input, output;
  std::string output_format = "jsonl";
  tasks::FileOptions data;
  std::optional<std::int64_t> max_length;
  std::int64_t batch_size = 64;
  tasks::QuestionAnsweringOptions question_answering;
  std::int64_t top = 1;
  std::optional<Precision> precision = Precision::fp32;
  std::optional<double> threshold, min_confidence;
  bool profile = false;
  std::optional<data::Shard> shard;  // the output is then a folder of parts
  Json settings;                     // of the command, where there is a shard
  ThreadOptions threads;
  ScreenOptions screen;

  bool reads_standard_input() const { return input.empty() || input == "-"; }
};

// Returns a progress bar, which is quiet when the predictions go to standard output. `total`: 0 where it is
// not known.
report::ProgressBar prediction_bar(const PredictOptions& options, std::int64_t total);

void add_predict_command(CLI::App& app);

}  // namespace bertune::cli
