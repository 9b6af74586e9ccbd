// Explanations for people on a terminal, and as a table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bertune/explain.h"
#include "report/terminal.h"

namespace bertune::report {

// The words that contribute most to each target, `most` of them, those that speak for it first.
std::string explanation_text(std::string_view where, const Explanation& explanation, std::int64_t most,
                             const Style& style);

// The same of all targets in one field of a table: "refund: parcel +0.827, it +0.111; ...".
std::string words_cell(const Explanation& explanation, std::int64_t most);

// Lines of "item,target,part,word,start,end,contribution", a word each.
std::string explanation_header();
std::string explanation_lines(std::string_view where, const Explanation& explanation);

}  // namespace bertune::report
