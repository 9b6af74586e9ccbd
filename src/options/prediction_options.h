// The options of a trained model that answers.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "bertune/predictor.h"
#include "options/shared_options.h"

namespace bertune::options {

struct PredictionOptions {
  std::optional<std::int64_t> max_length;
  std::int64_t batch_size = 64;
  LongTextOptions long_text;
  tasks::QuestionAnsweringOptions question_answering;
  std::int64_t top = 1;
  std::optional<Precision> precision = Precision::fp32;  // unset: the fastest here
  std::optional<double> threshold, min_confidence;
  ThreadOptions threads;
  std::optional<Architecture> architecture;  // a head in place of config.json's

  // Declares all of them but the last on `command`. The object must outlive it.
  void add_values_to(CLI::App& command);
  // Declares the last, where there are no commands for the heads that are no task.
  void add_architecture_to(CLI::App& command);
  // Returns those of a Predictor.
  bertune::PredictorOptions values() const;
};

}  // namespace bertune::options
