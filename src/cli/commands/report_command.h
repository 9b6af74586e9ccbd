// bertune report: the page of a run, made again from its folder.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>

#include "core/json.h"

namespace bertune::cli {

void add_report_command(CLI::App& app);

// Writes report.html into the folder of a run or an evaluation, where it has predictions; returns its facts,
// or null. A page that cannot be made is a note and no reason to fail.
OrderedJson write_report_beside(const std::filesystem::path& folder);

}  // namespace bertune::cli
