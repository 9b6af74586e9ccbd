// bertune curve: would more labels help.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_curve_command(CLI::App& app);

}  // namespace bertune::cli
