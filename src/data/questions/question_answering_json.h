// Questions in JSON: a document, of which only one paragraph is in memory at a time, or an object a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bertune::data {

class QuestionAnsweringBuilder;

// SQuAD's {"data": [{"paragraphs": [{"context", "qas": [...]}]}]}, rows in {"data": [...]} or in a list; what
// begins as an object of a row is read as JSON Lines.
void read_json_document(std::string_view text, const std::string& path, QuestionAnsweringBuilder& builder);
void read_json_lines(std::string_view text, const std::string& path, std::int64_t lines_before,
                     QuestionAnsweringBuilder& builder);

}  // namespace bertune::data
