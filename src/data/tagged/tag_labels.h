// Converts the tags of words to class ids.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/tagged/tagged.h"
#include "data/texts/labels.h"

namespace bertune::data {

// The tags of a training set, numbers by value and names by code point, which is run_ner.py's order; or
// `given`, the names of a model folder, unless those are the default ones (LABEL_0, ...). Throws Error for a
// single tag, or so many that the column is likely the wrong one.
LabelMap build_tag_map(const TaggedDataset& train, const std::vector<std::string>& given = {});

// One class id per word, sentence by sentence. A tag that the map lacks is an Error naming file:line, the
// nearest known tag and the known; so is a sentence without tags.
std::vector<std::int32_t> tag_ids(const TaggedDataset& dataset, const LabelMap& labels);

}  // namespace bertune::data
