// The common parts of bertune fill-mask and bertune next-sentence: a pre-trained BERT is asked about texts.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "bertune/predictor.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"

namespace bertune::cli {

struct LanguageModelOptions {
  AskedModel model;
  ThreadOptions threads;
  ScreenOptions screen;
  bool json = false;

  void add_model_to(CLI::App& command);
  void add_output_to(CLI::App& command, const std::string& what_json_is);
  // Downloads it if need be. `top`: guesses per mask.
  Predictor open(Architecture architecture, std::int64_t top = 1);
};

// Asks the model, and warns where it reads less than all.
Prediction ask(const Predictor& predictor, const Input& input);

}  // namespace bertune::cli
