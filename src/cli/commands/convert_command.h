// bertune convert: a model folder written anew, with numbers of another type.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_convert_command(CLI::App& app);

}  // namespace bertune::cli
