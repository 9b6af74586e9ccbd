// bertune predict: a fine-tuned model's answers, a line each.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/commands/explain_options.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "core/json.h"
#include "data/files/shard.h"
#include "options/prediction_options.h"
#include "report/progress.h"

namespace bertune::cli {

struct PredictOptions : options::PredictionOptions {
  AskedModel model;
  std::filesystem::path input, output;
  std::string output_format = "jsonl";
  tasks::FileOptions data;
  bool profile = false;
  bool explains = false;
  ExplainFlags explanations;
  std::optional<data::Shard> shard;  // the output is then a folder of parts
  Json settings;                     // of the command, where there is a shard
  ScreenOptions screen;

  bool reads_standard_input() const { return input.empty() || input == "-"; }
};

// Returns a progress bar, which is quiet when the predictions go to standard output. `total`: 0 where it is
// not known.
report::ProgressBar prediction_bar(const PredictOptions& options, std::int64_t total);

void add_predict_command(CLI::App& app);

}  // namespace bertune::cli
