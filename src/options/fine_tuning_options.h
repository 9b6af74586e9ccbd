// The options of what is trained: freezing, rates by layer, low-rank adaptation.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "train/fine_tuning.h"

namespace bertune::options {

struct FineTuningOptions {
  bool lora = false;
  LoraConfig lora_config;
  double lora_dropout = 0;

  // Add the options that any run has, and those that only runs on a checkpoint have. `settings` and the
  // object must outlive the command.
  static void add_to(CLI::App& command, train::FineTuning& settings);
  void add_lora_to(CLI::App& command, train::FineTuning& settings);
  // Throws UsageError for options that do not go together.
  void settle(train::FineTuning& settings) const;

 private:
  std::vector<CLI::Option*> details_;  // that mean nothing without lora
};

}  // namespace bertune::options
