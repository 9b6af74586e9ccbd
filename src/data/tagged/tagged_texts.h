// Sentences as the texts by which they are compared.
#pragma once

#include <cstddef>

#include "data/tagged/tagged.h"
#include "data/texts/texts.h"

namespace bertune::data {

// Words of a sentence that says enough to be compared: shorter ones repeat by chance.
inline constexpr std::size_t kWordsThatTell = 5;

// The text of a sentence is its words, and its label their tags. Sentences of fewer than `least_words` have
// an empty text, which is compared with none.
Texts texts_of(const TaggedDataset& dataset, std::size_t least_words = 0);

}  // namespace bertune::data
