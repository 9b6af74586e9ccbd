// bertune calibrate: scores that can be believed.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_calibrate_command(CLI::App& app);

}  // namespace bertune::cli
