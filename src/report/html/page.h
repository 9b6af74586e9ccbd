// The report of a run as a page: one file without scripts, which asks for nothing and shows texts of data as
// text.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/json.h"

namespace bertune::report::html {

inline constexpr const char* kReportFile = "report.html";
inline constexpr const char* kFactsFile = "report.json";

// Returns a page of this style around some HTML.
std::string framed(std::string_view title, const std::string& content);

// `facts` are those of insight::run_facts; each number of the page is one of them.
std::string page(const OrderedJson& facts);

// Writes the page of a run's folder to `html`, and its facts as JSON beside it, each atomically; returns the
// facts. Throws Error as run_facts() does.
OrderedJson write_report(const std::filesystem::path& run, const std::filesystem::path& html);

}  // namespace bertune::report::html
