// The page's frame: src/report/html/page.html, which is part of the library.
#pragma once

#include <string_view>

namespace bertune::report::html {

std::string_view page_template();

}  // namespace bertune::report::html
