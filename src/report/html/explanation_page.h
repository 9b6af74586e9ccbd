// Explanations as a page: each text with the words marked that a prediction comes from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/explain.h"

namespace bertune::report::html {

struct ShownExplanation {
  std::vector<std::string> texts;  // that the words stand in: a text, a pair, or a question and its context;
                                   // empty where words were given
  Explanation explanation;
};

// `model`: its folder.
std::string explanation_page(std::string_view model, std::span<const ShownExplanation> shown);

}  // namespace bertune::report::html
