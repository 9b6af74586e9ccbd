// Questions whose JSON holds objects within objects, as CommonsenseQA, ARC, OpenBookQA and RACE are
// published, as flat rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "data/files/records.h"

namespace bertune::data {

// Returns whether a row holds {"stem", "choices"} as its question, objects as its choices, or lists of
// questions.
bool has_nested_choices(const Json& row);

// The questions of a row as flat objects: "id", "context", "question", "choices" and "answer", the number of
// the choice that its key names. What a row lacks is not there.
std::vector<Json> flat_questions(const Json& row);

// A parser of rows in any form of JSON, each of which may hold several questions: records of flat ones.
std::unique_ptr<RecordParser> make_nested_choice_parser(std::string path, std::int64_t lines_before);

}  // namespace bertune::data
