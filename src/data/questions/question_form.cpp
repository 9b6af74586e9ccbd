#include "data/questions/question_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "bertune/error.h"
#include "data/files/file_part.h"
#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/python_literal.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/questions/question_names.h"

namespace bertune::data {
namespace {

constexpr int kRows = 20;
constexpr std::array<std::string_view, 7> kOfChoices = {"choices", "options",   "endings", "answerKey",
                                                        "choice1", "questions", "answerA"};

// The contents that were seen in one row.
struct RowLook {
  std::string_view question, context, answers;  // the names; empty: there is none
  bool is_usual = false;                        // "question", "context" and "answers" or "answer"
  bool has_places = false;                      // the answers are objects or lists
  bool is_held = false;                         // the answer is a text that the context holds
};

RowLook look_at(const Json& row) {
  RowLook look;
  if (!row.is_object()) return look;
  for (const std::string_view key : kOfChoices)
    if (row.contains(key)) return look;
  const Json* question = find_named(row, kQuestionNames, &look.question);
  const Json* context = find_named(row, kContextNames, &look.context);
  const Json* answers = find_named(row, kAnswersNames, &look.answers);
  const bool are_texts =
      question != nullptr && question->is_string() && context != nullptr && context->is_string();
  if (!are_texts || answers == nullptr) return {};
  look.is_usual = look.question == "question" && look.context == "context";
  look.has_places = answers->is_structured();
  if (answers->is_string()) {
    const std::string& answer = answers->get_ref<const std::string&>();
    look.is_held =
        !answer.empty() && context->get_ref<const std::string&>().find(answer) != std::string::npos;
    look.is_usual = look.is_usual && (look.answers == "answers" || look.answers == "answer");
  } else if (!look.has_places) {
    return {};  // yes or no, or a class
  }
  return look;
}

std::string reason_of(const std::vector<RowLook>& looks) {
  if (looks.empty() || looks.front().question.empty()) return "";
  const RowLook& first = looks.front();
  const auto held =
      std::ranges::count_if(looks, [](const RowLook& look) { return look.is_held || look.has_places; });
  const bool is_clear = first.is_usual || held * 2 > static_cast<std::ptrdiff_t>(looks.size());
  if (!is_clear) return "";
  return fmt::format("rows hold a question (\"{}\"), a context (\"{}\") and the answer in it (\"{}\")",
                     first.question, first.context, first.answers);
}

std::string of_json(const fs::path& path, std::string_view input) {
  JsonRows rows(path.string());
  JsonMends mends;
  JsonRow row;
  std::vector<RowLook> looks;
  while (looks.size() < kRows && rows.next(input, true, row) == Parse::record) {
    const Json value = parse_json_row(row.text, path.string(), mends);
    if (value.is_object() && value.contains("paragraphs"))
      return "it has the \"paragraphs\" of SQuAD, with questions and answers";
    if (listed_questions(value) != nullptr)
      return fmt::format("rows hold a context and its questions (\"{}\")",
                         value.contains("qas") ? "qas" : "questions");
    if (value.is_object() && value.size() == 1 && value.contains("header")) continue;
    looks.push_back(look_at(value));
  }
  return reason_of(looks);
}

std::string of_table(const fs::path& path, std::string_view input) {
  const Format format = format_from_path(path);
  if (!is_delimited(format)) return "";
  std::vector<std::string> notes;
  const auto parser = make_parser(path.string(), format, '\0', input, notes);
  Record record;
  if (parser->next(input, true, record) != Parse::record) return "";
  std::vector<std::string> given, names;
  for (const Cell& cell : record.cells) given.push_back(cell_name(cell));
  for (const std::string& name : given) names.push_back(usual_name(name, given));
  std::vector<RowLook> looks;
  while (looks.size() < kRows && parser->next(input, true, record) == Parse::record) {
    Json row = Json::object();
    for (std::size_t i = 0; i < std::min(names.size(), record.cells.size()); ++i) {
      std::string text = cell_text(record.cells[i]);
      if (names[i] == kRangesName) row["answers"] = Json::array();
      const auto value = names[i] == "answers" ? parse_cell_value(text) : std::nullopt;
      row[names[i]] = value ? *value : Json(std::move(text));
    }
    looks.push_back(look_at(row));
    looks.back().is_usual = looks.back().is_usual && std::ranges::find(given, "context") != given.end();
  }
  return reason_of(looks);
}

}  // namespace

std::string looks_like_questions(const fs::path& path, std::string_view input) {
  return is_json(input) ? of_json(path, input) : of_table(path, input);
}

}  // namespace bertune::data
