// The names by which files have questions, contexts and answers.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "core/json.h"

namespace bertune::data {

// The names, in the order of preference; the first is the typical one.
inline constexpr std::array<std::string_view, 5> kQuestionNames = {"question", "query", "question_text",
                                                                   "query_text", "q"};
inline constexpr std::array<std::string_view, 14> kContextNames = {
    "context", "passage",    "paragraph",     "article", "context_text", "passage_text", "document",
    "story",   "story_text", "document_text", "plot",    "text",         "body",         "content"};
inline constexpr std::array<std::string_view, 8> kAnswersNames = {
    "answers",      "answer",      "answer_text", "detected_answers",
    "gold_answers", "gold_answer", "answer_span", "answer_texts"};
inline constexpr std::array<std::string_view, 6> kStartNames = {
    "answer_start", "answer_starts", "start", "start_char", "start_index", "answer_begin"};
inline constexpr std::array<std::string_view, 7> kIdNames = {"id",     "qid", "query_id", "question_id",
                                                             "qas_id", "key", "qa_id"};
inline constexpr std::array<std::string_view, 3> kImpossibleNames = {"is_impossible", "no_answer",
                                                                     "unanswerable"};

// The column of NewsQA's tables that holds the places of answers.
inline constexpr std::string_view kRangesName = "answer_char_ranges";

// Returns the list of questions beside a context: that under "qas", or one under "questions" whose elements
// are questions without choices; null where there is none.
const Json* listed_questions(const Json& row);

// Returns what a column of a table is called in rows: the typical name, if it is a variant of one
// ("Question", "passage"), or the name as it is. `names` are all of the header: a name that is less usual
// gives way to one that is more.
std::string usual_name(const std::string& name, std::span<const std::string> names);

// The value under the first of the names that is there and not null; null where none is. `found` becomes its
// name.
const Json* find_named(const Json& object, std::span<const std::string_view> names,
                       std::string_view* found = nullptr);

}  // namespace bertune::data
