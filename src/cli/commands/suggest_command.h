// bertune suggest: what to label next.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_suggest_command(CLI::App& app);

}  // namespace bertune::cli
