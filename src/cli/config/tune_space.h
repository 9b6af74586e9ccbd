// --space FILE: what a search may change.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>

#include "runs/tuning/space.h"

namespace bertune::cli {

// Reads a file, YAML or JSON, of options of `command` and what each may be: a list of values, one value for
// all trials, or {min: ..., max: ..., log: true}. Throws UsageError with file and line for what is no option
// to search, and for values of another kind than the option has.
runs::TuneSpace read_space(const std::filesystem::path& path, CLI::App& command);

}  // namespace bertune::cli
