// bertune noise: which labels of a file are probably wrong.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_noise_command(CLI::App& app);

}  // namespace bertune::cli
