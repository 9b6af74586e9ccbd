// bertune tokenize --model DIR: token ids of the lines of standard input.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_tokenize_command(CLI::App& app);

}  // namespace bertune::cli
