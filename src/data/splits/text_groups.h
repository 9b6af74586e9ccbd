// Rows with the same texts: they go the same way when a set is divided, so that no model is measured on
// what it has read.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "data/texts/texts.h"

namespace bertune::data {

// The first row of a group stands for it.
struct Groups {
  std::vector<std::int64_t> first;  // of each row: the first row with its texts
  std::vector<std::int64_t> size;   // of each first row: how many rows have its texts
};

Groups group_by_texts(const Texts& texts);

// Returns whether labels are names of classes to divide evenly, and not numbers or sets with hardly two
// alike.
bool labels_are_classes(const Texts& texts);

// The groups' first rows, ascending, by their class; under "" where labels are no classes.
std::map<std::string_view, std::vector<std::int64_t>> groups_by_class(const Texts& texts,
                                                                      const Groups& groups);

}  // namespace bertune::data
