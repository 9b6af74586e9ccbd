// bertune report: the page of a run, made again from its folder.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>

namespace bertune::cli {

void add_report_command(CLI::App& app);

// Writes report.html into the folder of a run or an evaluation, where it has predictions; returns whether it
// did. A page that cannot be made is a note and no reason to fail.
bool write_report_beside(const std::filesystem::path& folder);

}  // namespace bertune::cli
