// bertune studio: a page on this machine, from data to a model that is used.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_studio_command(CLI::App& app);

}  // namespace bertune::cli
