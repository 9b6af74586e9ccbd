// Texts that have several labels each.
#pragma once

#include "data/checks/check.h"
#include "data/texts/reader.h"

namespace bertune::data {

// Splits the labels of the dataset's rows as build_label_map does it with several. Those of two rows are the
// same in whatever order they stand. Throws Error, naming file:line, for a list that is not one of labels.
void set_several_labels(const Dataset& dataset, NamedTexts& set);

}  // namespace bertune::data
