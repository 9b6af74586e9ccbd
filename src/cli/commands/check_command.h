// bertune check: what is odd in files of labeled rows.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_check_command(CLI::App& app);

}  // namespace bertune::cli
