// bertune report: the page of a run, made again from its folder.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <functional>

#include "core/json.h"

namespace bertune::cli {

void add_report_command(CLI::App& app);

// Writes report.html into the folder of a run or an evaluation, where it has predictions, with the words that
// `find_words` finds (report::html::FindWords); returns its facts, or null. A page that cannot be made is a
// note and no reason to fail.
OrderedJson write_report_beside(const std::filesystem::path& folder,
                                const std::function<void(const OrderedJson& facts)>& find_words = {});

}  // namespace bertune::cli
