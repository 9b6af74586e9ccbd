// bertune inspect DIR [--json]: what a model folder holds.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_inspect_command(CLI::App& app);

}  // namespace bertune::cli
