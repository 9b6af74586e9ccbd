// bertune predict: a fine-tuned model's answers, a line each.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"

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

void add_predict_command(CLI::App& app);

}  // namespace bertune::cli
