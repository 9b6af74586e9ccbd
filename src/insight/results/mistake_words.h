// The words behind the worst mistakes of a run, as explanations.json beside its predictions has them: they
// are found while the model is at hand, and reports are made without it.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"

namespace bertune::insight {

inline constexpr const char* kExplanationsFile = "explanations.json";

// Returns what mistakes of some facts are known by there: their place, and a hash of their texts.
std::string key_of_mistake(const OrderedJson& mistake);
// Returns a hash of the predictions of a folder, which explanations belong to.
std::string hash_of_predictions(const std::filesystem::path& folder);

// Adds to the facts of a run (run_facts.h) "explanations", what the file says of them all: {"explained",
// "most_words", "why_not"?}; and to each mistake that it explains "decided": [{"target", "value", "points":
// whether contributions are differences of probability, "words": [{"part"?, "start", "end",
// "contribution"}]}], the words that count, in their order. Throws Error where the file is damaged; that of
// other predictions is none.
void add_decisive_words(const std::filesystem::path& folder, OrderedJson& facts);

}  // namespace bertune::insight
