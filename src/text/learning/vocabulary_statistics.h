// Statistics of the words that a vocabulary was learned from.
#pragma once

#include <string>
#include <vector>

#include "bertune/vocabulary.h"
#include "text/learning/word_counts.h"

namespace bertune::text {

// Adds to `statistics`, where words that were too long to be kept are known already: words, pieces, whole and
// unknown words, and examples.
void measure(const WordCounts& words, const std::vector<std::string>& tokens, const TokenizerConfig& config,
             VocabularyStatistics& statistics);

}  // namespace bertune::text
