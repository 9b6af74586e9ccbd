// The file that repeats a run.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "core/json.h"

namespace bertune::options {

// YAML that repeats the run that `command` was asked for: every option that has a part in it, with its value.
// `resolved` holds, under names of options with _, what the run made of values that were left to it; where it
// names an option it is right, and null is "left out". No secrets (options whose names end in token, password
// or secret).
std::string run_text(const CLI::App& command, const Json& resolved);

// Returns all settings of the command that decide what it computes, given or by default, by their names.
Json settings_of(const CLI::App& command);

}  // namespace bertune::options
