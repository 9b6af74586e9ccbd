// --config FILE: the options of a command from a file, and the file that repeats a run.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

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

// YAML that repeats the run that `command` was asked for: every option that has a part in it, with its value.
// `resolved` holds, under names of options with _, what the run made of values that were left to it; where it
// names an option it is right, and null is "left out". No secrets (options whose names end in token, password
// or secret).
std::string run_config_text(const CLI::App& command, const Json& resolved);

// Returns all settings of the command that decide what it computes, given or by default, by their names.
Json settings_of(const CLI::App& command);

}  // namespace bertune::cli
