// The page at "/", for people.
#pragma once

#include <string_view>

namespace bertune::serve {

std::string_view page();  // page.html, as it is in the program

}  // namespace bertune::serve
