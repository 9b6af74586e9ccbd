// Rows of JSON that hold tagged words: by which keys, and in which of their forms.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "core/json.h"

namespace bertune::data {

inline constexpr std::array<std::string_view, 3> kTokenKeys = {"tokens", "words", "token"};
inline constexpr std::array<std::string_view, 4> kTagTextKeys = {"text", "data", "sentence", "content"};
inline constexpr std::array<std::string_view, 14> kTagKeys = {
    "ner_tags", "tags",     "labels",  "pos_tags", "ner", "ner_labels", "fine_ner_tags",
    "bio_tags", "iob_tags", "ner_tag", "bio",      "iob", "slots",      "label"};
inline constexpr std::array<std::string_view, 6> kEntityKeys = {"entities", "spans",       "label",
                                                                "labels",   "annotations", "ner"};

// The value under the first key that is there and not null, or null.
const Json* find_key(const Json& row, std::span<const std::string_view> keys);

// A row in another program's form as {"text", "entities"}: spaCy's ["text", {"entities": [...]}], Label
// Studio's {"data": {"text"}, "annotations": [{"result": [...]}]}, Snips' {"data": [{"text", "entity"}]}, and
// CLUENER's {"text", "label": {type: {text: [[first, last]]}}}. Others stay as they are.
Json plain_row(Json row);

// Returns whether the value is a list of texts, or of objects with a "text" (spaCy's and Prodigy's tokens).
bool are_tokens(const Json& value);
// Returns whether it is a list of entities, {"start", "end", "label"} or [start, end, label]; an empty list
// is too.
bool are_entities(const Json& value);

// Returns why the row is one of tagged words; empty where it is none, and beginning with '?' where it could
// be.
std::string tagged_row(const Json& row);
// Returns whether the row has words, or a text with entities, tagged or not.
bool holds_words(const Json& row);

}  // namespace bertune::data
