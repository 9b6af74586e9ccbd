// Questions as the texts by which they are compared.
#pragma once

#include "data/questions/question_answering.h"
#include "data/texts/texts.h"

namespace bertune::data {

// The texts of a question are its context and itself, and its label is the first answer.
Texts texts_of(const QuestionAnsweringDataset& dataset);

// The texts of a question are its context alone: questions about one context belong together.
Texts contexts_of(const QuestionAnsweringDataset& dataset);

}  // namespace bertune::data
