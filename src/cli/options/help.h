// The layout of the help, and what `bertune` alone prints.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace bertune::cli {

// Lays out the help of `app`, and of the commands that are added to it from then on: 80 columns, each option
// by its main name, groups in the order in which a person needs them. Other names of an option are accepted,
// and listed in docs/from_the_trainer.md.
void use_help_layout(CLI::App& app);

// The most used commands with an example each, for a person who gave none.
std::string overview();

}  // namespace bertune::cli
