// bertune baseline: what simple methods reach on files of labeled rows.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_baseline_command(CLI::App& app);

}  // namespace bertune::cli
