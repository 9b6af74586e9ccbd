// Values of options by their names, from whoever has no command line.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bertune::options {

// A name under any of its spellings, and its value as a text; a list is given by naming the option again.
using GivenValues = std::vector<std::pair<std::string, std::string>>;

// Gives the command's options their values, as its command line would, and calls their callbacks. `command`
// belongs to a parent, and is not used otherwise. Throws UsageError, with the option, for a name that it does
// not have, one that is given twice, a value of another kind, and an option that is missing.
void give_values(CLI::App& command, const GivenValues& values);

}  // namespace bertune::options
