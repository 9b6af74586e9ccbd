// The report of a run as a page: one file without scripts, which asks for nothing and shows texts of data as
// text.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace bertune::report::html {

inline constexpr const char* kReportFile = "report.html";
inline constexpr const char* kFactsFile = "report.json";

// Returns a page of this style around some HTML.
std::string framed(std::string_view title, const std::string& content);

// `facts` are those of insight::run_facts; each number of the page is one of them. `facts_file`: the name of
// the file beside it that has them.
std::string page(const OrderedJson& facts, const std::string& facts_file = kFactsFile);

// Finds the words behind the mistakes of a run whose facts these are, and leaves them in its folder
// (insight/results/mistake_words.h).
using FindWords = std::function<void(const OrderedJson& facts)>;

// Returns the facts of a run with the words that its folder has.
OrderedJson facts_with_words(const std::filesystem::path& run);

// Writes the page of a run's folder to `html`, and its facts as JSON beside it, under the same name with
// .json, each atomically; returns the facts. Throws Error as run_facts() does, and UsageError where the page
// itself is named .json.
OrderedJson write_report(const std::filesystem::path& run, const std::filesystem::path& html,
                         const FindWords& find_words = {});

}  // namespace bertune::report::html
