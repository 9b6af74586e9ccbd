// bertune serve: models behind HTTP.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_serve_command(CLI::App& app);

}  // namespace bertune::cli
