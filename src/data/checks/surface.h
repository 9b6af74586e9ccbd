// The characters of texts show a wrong encoding, remains of HTML, and words that most texts begin with.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "data/checks/check.h"

namespace bertune::data {

// The place of a sequence that UTF-8 makes when it is read as Latin-1 or Windows-1252 ("Ã©"), of a control
// character U+0080 to U+009F, or of U+FFFD; npos: there is none.
std::size_t find_mojibake(std::string_view text);
// The place of a tag ("<br />"), a character reference ("&amp;", "&#39;") or what is left of one (" #39;");
// npos: there is none.
std::size_t find_markup(std::string_view text);

std::vector<Finding> find_surface(std::span<const NamedTexts> sets, const CheckOptions& options);

}  // namespace bertune::data
