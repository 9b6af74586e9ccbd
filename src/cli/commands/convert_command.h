// bertune convert: writes a model folder again, with weights of another data type.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_convert_command(CLI::App& app);

}  // namespace bertune::cli
