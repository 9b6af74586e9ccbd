// Questions with choices as the texts by which they are compared.
#pragma once

#include "data/choices/multiple_choice.h"
#include "data/texts/texts.h"

namespace bertune::data {

// The texts of a question are its first text, and itself with its choices in whatever order; its label is the
// text of the right choice.
Texts texts_of(const MultipleChoiceDataset& dataset);

// The texts of a question are its first text alone (MultipleChoiceDataset::first_text): questions that share
// it belong together.
Texts contexts_of(const MultipleChoiceDataset& dataset);

}  // namespace bertune::data
