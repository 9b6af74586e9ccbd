// bertune completion and bertune man: what shells and manuals show, from the table of options.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

// Requires: called after all other commands are added.
void add_shell_commands(CLI::App& app);

}  // namespace bertune::cli
