// The parts of the page, as the files in page/ have them.
#pragma once

#include <string_view>

namespace bertune::studio::page {

std::string_view html();
std::string_view style();
std::string_view dom();
std::string_view charts();
std::string_view data();
std::string_view training();
std::string_view results();
std::string_view studio();

}  // namespace bertune::studio::page
