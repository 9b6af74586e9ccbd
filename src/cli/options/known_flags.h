// The names of the program's options, for messages.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

// Tells with_flags (cli/screen/flag_words.h) the names of the program's commands and options. `current`: the
// command that is run, if one is; options that only others have are named with the command.
void know_flags_of(const CLI::App& program, const CLI::App* current = nullptr);

}  // namespace bertune::cli
