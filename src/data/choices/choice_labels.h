// Converts what a file calls the right choice to its number.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/choices/multiple_choice.h"

namespace bertune::data {

// Sets the labels of all questions from `given`, one per question. They are read as numbers from 0, as
// letters from A, as texts of choices, or as numbers from 1: as whatever fits most of them, for all alike. A
// note says which, unless they are numbers from 0, and warns where another reading would fit all of them too.
// A label that is missing (empty, or Hugging Face's -1) or names no choice is an Error naming file:line,
// unless there are at most `most_bad`, whose questions are left out.
void set_choice_labels(MultipleChoiceDataset& dataset, const std::vector<std::string_view>& given,
                       std::int64_t most_bad = 0);

}  // namespace bertune::data
