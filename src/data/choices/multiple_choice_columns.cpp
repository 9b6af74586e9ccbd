#include "data/choices/multiple_choice_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "bertune/error.h"
#include "core/nearest.h"

namespace bertune::data {
namespace {

using Names = std::vector<std::string>;

// The names of the columns of choices: the prefix of the number, and the number of the first.
struct Numbering {
  std::string_view prefix;
  char first;
};
// The numberings, in the order of preference.
constexpr std::array kNumberings = std::to_array<Numbering>(
    {{"ending", '0'},  {"choice", '0'},  {"option", '0'},  {"answer", '0'},  {"ending", '1'},
     {"choice", '1'},  {"option", '1'},  {"answer", '1'},  {"sol", '1'},     {"choice_", '1'},
     {"option_", '1'}, {"answer_", '1'}, {"answer", 'A'},  {"option", 'A'},  {"choice", 'A'},
     {"answer_", 'A'}, {"option_", 'A'}, {"choice_", 'A'}, {"answer_", 'a'}, {"option_", 'a'},
     {"choice_", 'a'}, {"option ", 'A'}, {"op", 'a'},      {"", 'A'}});

// The names, in the order of preference; the first ones are typical and are used without a note.
constexpr std::array<std::string_view, 8> kContextNames = {"article", "context",   "text",  "passage",
                                                           "premise", "paragraph", "ctx_a", "document"};
constexpr std::array<std::string_view, 10> kQuestionNames = {
    "question", "query", "question_stem", "goal",   "ctx_b",
    "ctx",      "stem",  "startphrase",   "prompt", "sentence"};
constexpr std::array<std::string_view, 5> kListNames = {"choices", "options", "endings", "candidates",
                                                        "answers"};
constexpr std::array<std::string_view, 14> kLabelNames = {
    "label", "answer", "answerKey",  "answer_key",   "correct",     "correct_option", "correct_answer",
    "gold",  "cop",    "answer_idx", "answer_index", "correct_idx", "correct_choice", "answer_id"};
constexpr std::array<std::string_view, 5> kIdNames = {"id", "idx", "qid", "question_id", "ind"};

bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string first_of(const Names& names, std::span<const std::string_view> wanted) {
  for (const std::string_view name : wanted) {
    if (has(names, name)) return std::string(name);
  }
  return "";
}

std::string numbered(const Numbering& how, std::size_t number) {
  if (how.first < 'A')
    return fmt::format("{}{}", how.prefix, static_cast<std::size_t>(how.first - '0') + number);
  const char letter = number < 26 ? static_cast<char>(how.first + static_cast<char>(number)) : '?';
  return fmt::format("{}{}", how.prefix, letter);
}

// The columns of choices from 0 alone may be there without the second, which is then missed.
const Numbering* numbering_of(const Names& names) {
  for (const Numbering& how : kNumberings) {
    const bool is_usual = how.first == '0' && how.prefix != "answer";
    if (has(names, numbered(how, 0)) && (is_usual || has(names, numbered(how, 1)))) return &how;
  }
  return nullptr;
}

Names choice_columns(const Names& names, const std::string& where) {
  const Numbering* how = numbering_of(names);
  if (how == nullptr) return {};
  Names columns;
  std::size_t present = 0;
  const std::size_t most = how->first < 'A' ? kMostChoices : 25;
  for (std::size_t i = 0; i <= most; ++i) {
    columns.push_back(numbered(*how, i));
    if (!has(names, columns.back())) continue;
    if (present < i) {
      throw Error(fmt::format("{}: there is \"{}\" but no \"{}\"; choices are numbered without gaps", where,
                              columns.back(), columns[present]));
    }
    ++present;
  }
  if (present == 1) {
    throw Error(
        fmt::format("{}: \"{}\" is the only choice; a question needs at least two", where, columns.front()));
  }
  return columns;
}

void require_once(const Names& names, const std::string& name, const std::string& where) {
  if (std::count(names.begin(), names.end(), name) > 1)
    throw UsageError(
        fmt::format("{}: more than one column is called \"{}\"; rename all but one", where, name));
}

[[noreturn]] void missing(const std::string& where, std::string_view what, const Names& names) {
  throw UsageError(fmt::format("{}: there is no column {} for multiple choice; the columns are {}", where,
                               what, quoted_list(names)));
}

std::string label_column(const Names& names, const std::string& where, const std::string& given) {
  if (!given.empty()) {
    if (!has(names, given)) missing(where, fmt::format("\"{}\" (`label_column`)", given), names);
    return given;
  }
  std::string label = first_of(names, kLabelNames);
  if (label.empty()) missing(where, "\"label\" or \"answer\"", names);
  return label;
}

}  // namespace

Names MultipleChoiceColumns::known() const {
  Names names;
  for (const std::string* name : {&context, &question, &list, &label, &id}) {
    if (!name->empty()) names.push_back(*name);
  }
  names.insert(names.end(), each.begin(), each.end());
  return names;
}

MultipleChoiceColumns choose_multiple_choice_columns(const Names& names, const std::string& where,
                                                     const std::string& label, bool with_labels) {
  MultipleChoiceColumns columns;
  if (has(names, "sent1") && has(names, "sent2")) {
    columns.context = "sent1";
    columns.question = "sent2";
  } else {
    columns.context = first_of(names, kContextNames);
    columns.question = first_of(names, kQuestionNames);
    columns.fills_blanks = columns.context == "article" || columns.question == "sentence";
  }
  if (columns.question.empty()) missing(where, "\"question\" (or \"sent1\" and \"sent2\")", names);
  columns.list = first_of(names, kListNames);
  if (columns.list == "answers" && numbering_of(names) != nullptr) columns.list.clear();
  if (columns.list.empty()) columns.each = choice_columns(names, where);
  if (columns.list.empty() && columns.each.empty())
    missing(where, "\"choices\", \"options\", \"choice0\" or \"ending0\"", names);
  if (with_labels) columns.label = label_column(names, where, label);
  columns.id = first_of(names, kIdNames);
  for (const std::string& name : columns.known()) require_once(names, name, where);
  return columns;
}

std::string guessed_columns(const MultipleChoiceColumns& columns, const Names& names) {
  std::string guesses;
  const auto say = [&](std::string_view what, std::string_view name) {
    guesses += fmt::format("{}{} = \"{}\"", guesses.empty() ? "" : ", ", what, name);
  };
  const auto is_usual = [](std::string_view name, std::initializer_list<std::string_view> usual) {
    return name.empty() || std::ranges::find(usual, name) != usual.end();
  };
  if (!is_usual(columns.context, {"article", "context", "text", "sent1"})) say("context", columns.context);
  if (!is_usual(columns.question, {"question", "sent2"})) say("question", columns.question);
  if (!is_usual(columns.list, {"choices", "options"})) say("choices", columns.list);
  if (!columns.each.empty()) {
    const Numbering* how = numbering_of(names);
    const bool from_zero = how->first == '0' && how->prefix != "answer";
    std::size_t last = 0;
    while (last + 1 < columns.each.size() && has(names, columns.each[last + 1])) ++last;
    if (!from_zero) say("choices", fmt::format("{}\" to \"{}", columns.each.front(), columns.each[last]));
  }
  if (!is_usual(columns.label, {"label", "answer"})) say("label", columns.label);
  return guesses;
}

bool are_multiple_choice_columns(const Names& names) {
  const bool asks = (has(names, "sent1") && has(names, "sent2")) || !first_of(names, kQuestionNames).empty();
  const bool lists = has(names, "choices") || has(names, "options") || has(names, "endings");
  const Numbering* how = numbering_of(names);
  return asks && (lists || (how != nullptr && has(names, numbered(*how, 1))));
}

}  // namespace bertune::data
