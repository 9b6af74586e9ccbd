// Reports the contents of a vocabulary that was built, and what it makes of its texts.
#pragma once

#include <string>
#include <vector>

#include "bertune/vocabulary.h"
#include "core/json.h"
#include "report/terminal.h"

namespace bertune::report {

std::string vocabulary_report(const BuiltVocabulary& built, const VocabularyOptions& options,
                              const Style& style);
// Returns what a person should know before using it: words without characters, a vocabulary that did not fill
// up.
std::vector<std::string> vocabulary_notes(const BuiltVocabulary& built, const VocabularyOptions& options);
// The same numbers for programs; shares are of words, between 0 and 1.
Json vocabulary_json(const BuiltVocabulary& built);

}  // namespace bertune::report
