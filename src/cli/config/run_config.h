// --config FILE: the options of a command from a file.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace bertune::cli {

// Declares --config, before all options of the command, since the callback of the first option is the first
// to be called: it gives the other ones the file's values unless the command line has. Keys are names of
// options, with - or _; null is the default. Wrong names, types and repetitions are UsageErrors with file and
// line.
void add_run_config(CLI::App& command);

// `bertune train args.json ...` as `bertune train --config args.json ...`: Transformers' HfArgumentParser
// takes a file so. An argument in any other place is left to the parser, which then says what was not
// expected.
std::vector<std::string> with_config_flag(int argc, const char* const* argv);

}  // namespace bertune::cli
