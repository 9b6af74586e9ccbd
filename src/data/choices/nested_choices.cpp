#include "data/choices/nested_choices.h"

#include <algorithm>
#include <array>
#include <deque>
#include <span>
#include <utility>

#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/object_cells.h"

namespace bertune::data {
namespace {

constexpr std::array<std::string_view, 4> kChoiceKeys = {"choices", "options", "endings", "choice"};
constexpr std::array<std::string_view, 3> kTextKeys = {"text", "content", "value"};
constexpr std::array<std::string_view, 4> kMarkKeys = {"label", "key", "id", "letter"};
constexpr std::array<std::string_view, 7> kAnswerKeys = {"answerKey", "answer_key", "answer",        "label",
                                                         "correct",   "gold",       "correct_answer"};
constexpr std::array<std::string_view, 6> kContextKeys = {"article",   "context", "passage",
                                                          "paragraph", "text",    "fact1"};

const Json* find(const Json& object, std::span<const std::string_view> keys) {
  if (!object.is_object()) return nullptr;
  for (const std::string_view key : keys) {
    const auto found = object.find(key);
    if (found != object.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

const Json* find(const Json& object, std::string_view key) { return find(object, std::array{key}); }

std::string plain(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// The texts of the choices, and what each is called by ("A"), where that is said.
struct Choices {
  Json texts = Json::array();
  std::vector<std::string> marks;
};

// [{"label": "A", "text": "..."}], {"label": ["A"], "text": ["..."]} or {"A": "...", "B": "..."}.
Choices choices_of(const Json& value) {
  Choices choices;
  if (value.is_array()) {
    for (const Json& choice : value) {
      const Json *text = find(choice, kTextKeys), *mark = find(choice, kMarkKeys);
      choices.texts.push_back(text != nullptr ? *text : choice);
      if (mark != nullptr) choices.marks.push_back(plain(*mark));
    }
  } else if (const Json* texts = find(value, kTextKeys); texts != nullptr && texts->is_array()) {
    choices.texts = *texts;
    const Json* marks = find(value, kMarkKeys);
    for (const Json& mark : marks != nullptr && marks->is_array() ? *marks : Json::array())
      choices.marks.push_back(plain(mark));
  } else if (value.is_object()) {
    for (const auto& [mark, text] : value.items())
      choices.texts.push_back(text), choices.marks.push_back(mark);
  }
  if (choices.marks.size() != choices.texts.size()) choices.marks.clear();
  return choices;
}

Json answer_of(const Json& answer, const Choices& choices) {
  const auto mark = std::ranges::find(choices.marks, plain(answer));
  return mark == choices.marks.end() ? answer : Json(mark - choices.marks.begin());
}

Json flat_question(const Json& question, const Json* context, const Json* id, const Json& choices,
                   const Json* answer) {
  const Choices listed = choices_of(choices);
  Json flat = {{"question", question}, {"choices", listed.texts}};
  if (context != nullptr && context->is_string()) flat["context"] = *context;
  if (id != nullptr) flat["id"] = *id;
  if (answer != nullptr) flat["answer"] = answer_of(*answer, listed);
  return flat;
}

// DREAM's [["a line of the talk", ...], [{"question", "choice", "answer"}, ...], "id"].
bool is_talk_with_questions(const Json& row) {
  const auto is_text = [](const Json& line) { return line.is_string(); };
  const auto is_question = [](const Json& question) {
    return find(question, "question") != nullptr && find(question, kChoiceKeys) != nullptr;
  };
  return row.is_array() && row.size() >= 2 && row[0].is_array() && std::ranges::all_of(row[0], is_text) &&
         row[1].is_array() && !row[1].empty() && std::ranges::all_of(row[1], is_question);
}

std::vector<Json> questions_of_talk(const Json& row) {
  std::string talk;
  for (const Json& line : row[0]) talk += (talk.empty() ? "" : "\n") + line.get_ref<const std::string&>();
  const Json context = std::move(talk);
  std::vector<Json> flat;
  for (const Json& question : row[1])
    flat.push_back(flat_question(question["question"], &context, nullptr, *find(question, kChoiceKeys),
                                 find(question, kAnswerKeys)));
  return flat;
}

class NestedChoiceParser final : public RecordParser {
 public:
  NestedChoiceParser(const std::string& path, std::int64_t lines_before)
      : RecordParser(path), rows_(path, lines_before) {}

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<NestedChoiceParser>(*this); }
  std::vector<std::string> keys() const override { return object_.keys(); }
  void set_keys(const std::vector<std::string>& keys) override { object_.set_keys(keys); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    while (waiting_.empty()) {
      JsonRow row;
      const Parse parse = rows_.next(input, final, row);
      if (parse != Parse::record) return parse;
      line_ = row.line;
      JsonMends mends;
      for (const Json& question : flat_questions(parse_json_row(row.text, where(line_), mends)))
        waiting_.push_back(question.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    record.line = line_;
    const std::string text = std::move(waiting_.front());
    waiting_.pop_front();
    object_.parse(text, where(line_), record);
    return Parse::record;
  }

 private:
  JsonRows rows_;
  ObjectCells object_;
  std::deque<std::string> waiting_;  // questions of the row taken last
};

}  // namespace

bool has_nested_choices(const Json& row) {
  if (is_talk_with_questions(row)) return true;
  if (!row.is_object()) return false;
  const Json *question = find(row, "question"), *questions = find(row, "questions"),
             *choices = find(row, kChoiceKeys);
  if (question != nullptr && question->is_object() && find(*question, "stem") != nullptr) return true;
  if (questions != nullptr && questions->is_array() && choices != nullptr && choices->is_array()) return true;
  if (choices == nullptr) return false;
  if (choices->is_object()) return true;
  return choices->is_array() && !choices->empty() && choices->front().is_object() &&
         find(choices->front(), kTextKeys) != nullptr;
}

std::vector<Json> flat_questions(const Json& row) {
  if (is_talk_with_questions(row)) return questions_of_talk(row);
  const Json *question = find(row, "question"), *questions = find(row, "questions"),
             *choices = find(row, kChoiceKeys);
  const Json *answer = find(row, kAnswerKeys), *context = find(row, kContextKeys), *id = find(row, "id");
  if (questions != nullptr && questions->is_array() && choices != nullptr && choices->is_array()) {
    const Json* answers = find(row, "answers");
    std::vector<Json> flat;
    for (std::size_t i = 0; i < questions->size() && i < choices->size(); ++i) {
      const bool has_answer = answers != nullptr && answers->is_array() && i < answers->size();
      flat.push_back(flat_question((*questions)[i], context, nullptr, (*choices)[i],
                                   has_answer ? &(*answers)[i] : nullptr));
    }
    return flat;
  }
  if (question != nullptr && question->is_object()) {
    if (const Json* inner = find(*question, kChoiceKeys)) choices = inner;
    question = find(*question, "stem");
  }
  if (question == nullptr)
    question = find(row, std::array<std::string_view, 3>{"question_stem", "stem", "query"});
  if (question == nullptr || choices == nullptr) return {row};  // whoever reads it says what is missing
  return {flat_question(*question, context, id, *choices, answer)};
}

std::unique_ptr<RecordParser> make_nested_choice_parser(std::string path, std::int64_t lines_before) {
  return std::make_unique<NestedChoiceParser>(path, lines_before);
}

}  // namespace bertune::data
