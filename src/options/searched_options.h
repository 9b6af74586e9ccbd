// The options that a search for settings may change.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace bertune::options {

// Returns whether trials may differ in the option of a training: not in files and rows, which are read once,
// in output, and in how trials are compared.
bool is_searched(const CLI::Option& option);

// Returns the name of the option in settings: the first one, with _.
std::string setting_name(const CLI::Option& option);

}  // namespace bertune::options
