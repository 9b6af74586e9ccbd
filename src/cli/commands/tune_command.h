// bertune tune: better settings within a budget.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_tune_command(CLI::App& app);

}  // namespace bertune::cli
