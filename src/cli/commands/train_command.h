// bertune train: from a checkpoint and labeled texts to a fine-tuned model.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_train_command(CLI::App& app);

}  // namespace bertune::cli
