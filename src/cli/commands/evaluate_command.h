// bertune evaluate: the metrics of a fine-tuned model on a labeled file.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"

namespace bertune::cli {

struct EvaluateOptions {
  AskedModel model;
  std::filesystem::path test, output;
  tasks::FileOptions data;
  std::optional<std::int64_t> max_length;
  std::int64_t batch_size = 64;
  std::int64_t max_prediction_rows = 100'000;
  LongTextOptions long_text;
  tasks::QuestionAnsweringOptions question_answering;
  std::optional<double> threshold;
  std::optional<Precision> precision = Precision::fp32;
  ThreadOptions threads;
  ScreenOptions screen;
  bool json = false, no_explanations = false;

  bool hides_progress() const { return json || screen.hides_progress(); }
};

void add_evaluate_command(CLI::App& app);

}  // namespace bertune::cli
