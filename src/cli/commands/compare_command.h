// bertune compare: is one run better than another, or is it chance?
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_compare_command(CLI::App& app);

}  // namespace bertune::cli
