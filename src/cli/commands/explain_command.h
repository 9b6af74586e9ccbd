// bertune explain: which words a prediction comes from.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_explain_command(CLI::App& app);

}  // namespace bertune::cli
