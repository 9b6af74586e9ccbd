// bertune predict: labels for texts that have none.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_predict_command(CLI::App& app);

}  // namespace bertune::cli
