// bertune evaluate: the metrics of a fine-tuned model on a labelled file.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_evaluate_command(CLI::App& app);

}  // namespace bertune::cli
