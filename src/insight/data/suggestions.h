// Suggestions of what to label next (bertune/suggest.h), as tools of annotation read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bertune/suggest.h"
#include "core/json.h"

namespace bertune::insight {

enum class SuggestionFormat { csv, jsonl, doccano, label_studio };

// Throws UsageError, naming the choices: csv, jsonl, doccano, label-studio.
SuggestionFormat suggestion_format_from_string(std::string_view name);

// Returns a whole file. csv: the columns text, text_pair and id where rows have them, predicted (labels
// joined by '|'), score, margin, where. jsonl: the same as objects. doccano: its JSONL of text
// classification, with the predicted labels as those to correct. label_studio: a JSON array of tasks, with
// predictions for a <Choices name="label" toName="text">.
std::string text_of(const Suggestions& suggestions, SuggestionFormat format);

// Returns what the report of a run shows: the first rows, and of each text its beginning. `file` is the one
// that the rows are of.
Json to_json(const Suggestions& suggestions, const std::string& file);

// Returns the places of at most `count` rows: of each cluster the one with the smallest key, then the next of
// each, until there are enough; in the order of their keys.
std::vector<std::size_t> one_of_each_cluster(const std::vector<std::int64_t>& cluster_of_row,
                                             const std::vector<double>& keys, std::int64_t count);

}  // namespace bertune::insight
