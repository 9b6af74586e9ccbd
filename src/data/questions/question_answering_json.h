// Questions in JSON: a document, of which only one paragraph is in memory at a time, or an object per line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/files/format.h"

namespace bertune::data {

class QuestionAnsweringBuilder;

// SQuAD's {"data": [{"paragraphs": [{"context", "qas": [...]}]}]}, or rows in any form of JSON.
void read_json_questions(std::string_view text, const std::string& path, Format format,
                         std::int64_t lines_before, QuestionAnsweringBuilder& builder);

}  // namespace bertune::data
