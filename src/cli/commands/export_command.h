// bertune export: writes a model in a form that other programs run.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_export_command(CLI::App& app);

}  // namespace bertune::cli
