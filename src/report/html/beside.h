// A finished model gets its page and its card.
#pragma once

#include <filesystem>

#include "core/json.h"
#include "report/html/page.h"

namespace bertune::report::html {

// Writes report.html, report.json and the card of a model into the folder of a run, which says what the model
// predicted; where it does not, removes a page of an earlier run. Returns the facts of the page, or nothing
// (null) without one. Throws Error as write_report() does.
OrderedJson write_beside(const std::filesystem::path& folder, const FindWords& find_words = {});

}  // namespace bertune::report::html
