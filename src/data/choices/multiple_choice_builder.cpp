#include "data/choices/multiple_choice_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "data/choices/choice_labels.h"
#include "data/files/python_literal.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

constexpr std::size_t kLongestContext = std::size_t{16} << 20, kLongestText = std::size_t{1} << 20,
                      kLongestId = 1024;  // bytes

}  // namespace

MultipleChoiceBuilder::MultipleChoiceBuilder(std::string path, const MultipleChoiceColumns& columns,
                                             const std::vector<std::string>& names) {
  dataset_.path = std::move(path);
  dataset_.context_name = columns.context;
  dataset_.question_name = columns.question;
  dataset_.fills_blanks = columns.fills_blanks;
  const auto place = [&](const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    const bool is_there = !name.empty() && found != names.end();
    return Column{name, is_there ? static_cast<int>(found - names.begin()) : -1};
  };
  context_ = place(columns.context), question_ = place(columns.question), list_ = place(columns.list);
  label_ = place(columns.label), id_ = place(columns.id);
  for (const std::string& name : columns.each) {
    if (Column column = place(name); column.index >= 0) each_.push_back(std::move(column));
  }
}

std::string_view MultipleChoiceBuilder::text_at(const Record& record, const Column& column,
                                                std::size_t longest) {
  if (column.index < 0) return {};
  const Cell& cell = record.cells[static_cast<std::size_t>(column.index)];
  if (cell.kind == CellKind::missing) return {};  // its text is that of an earlier record
  if (cell.kind == CellKind::list || cell.kind == CellKind::nested) {
    throw Error(fmt::format("{}: \"{}\" is a {}; it must be a text", here(), column.name,
                            cell.kind == CellKind::list ? "list" : "JSON object or a nested list"));
  }
  if (cell.text.size() > longest) {
    throw Error(fmt::format("{}: \"{}\" has {} bytes; at most {} are read", here(), column.name,
                            cell.text.size(), longest));
  }
  if (cell.kind != CellKind::doubled_quotes) return arena_->copy(cell.text);
  char* memory = arena_->allocate(cell.text.size());
  const std::string_view text = undouble_quotes(cell.text, memory);
  arena_->shrink_last(cell.text.size() - text.size());
  return text;
}

std::vector<std::string_view> MultipleChoiceBuilder::listed_choices(const Record& record) {
  const auto fail = [&] {
    throw Error(fmt::format("{}: \"{}\" must be a list of texts: [\"...\", \"...\"]", here(), list_.name));
  };
  const Cell& cell = record.cells[static_cast<std::size_t>(list_.index)];
  if (cell.kind == CellKind::missing || cell.kind == CellKind::nested) fail();
  const std::string text = cell_text(cell);
  if (!trim_blanks(text).starts_with('[')) fail();
  const std::optional<Json> list = parse_cell_value(text);
  if (!list) fail();
  std::vector<std::string_view> choices;
  for (const Json& choice : *list) {
    if (choice.is_structured()) fail();
    if (choice.is_string()) {
      choices.push_back(arena_->copy(choice.get_ref<const std::string&>()));
    } else {
      choices.push_back(choice.is_null() ? std::string_view() : arena_->copy(choice.dump()));
    }
  }
  return choices;
}

// Returns as many choices as the record has: a JSON object may lack the last ones.
std::vector<std::string_view> MultipleChoiceBuilder::choices_in_columns(const Record& record) {
  std::vector<std::string_view> choices;
  for (std::size_t i = 0; i < each_.size(); ++i) {
    const CellKind kind = record.cells[static_cast<std::size_t>(each_[i].index)].kind;
    if (kind == CellKind::missing || kind == CellKind::null) continue;
    if (choices.size() < i) {
      throw Error(fmt::format("{}: there is \"{}\" but no \"{}\"; choices are numbered without gaps", here(),
                              each_[i].name, each_[choices.size()].name));
    }
    choices.push_back(text_at(record, each_[i], kLongestText));
  }
  return choices;
}

void MultipleChoiceBuilder::check(const MultipleChoiceQuestion& question,
                                  std::span<const std::string_view> choices) const {
  if (choices.size() < 2 || choices.size() > kMostChoices) {
    throw Error(fmt::format("{}: the question has {} choice{}; it must have 2 to {}", here(), choices.size(),
                            choices.size() == 1 ? "" : "s", kMostChoices));
  }
  if (dataset_.num_choices > 0 && static_cast<std::int64_t>(choices.size()) != dataset_.num_choices) {
    const std::string first = dataset_.size() > 0 ? fmt::format(" ({})", dataset_.where(0)) : "";
    throw OtherNumberOfChoices(fmt::format(
        "{}: the question has {} choices, and the first one{} has {}; all questions of a file must "
        "have the same number",
        here(), choices.size(), first, dataset_.num_choices));
  }
  if (is_blank(question.context) && is_blank(question.question))
    throw Error(fmt::format("{}: the question is empty", here()));
  const auto blanks = std::count(question.question.begin(), question.question.end(), '_');
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (is_blank(choices[i])) {
      throw Error(
          fmt::format("{}: choice {} of {} is empty; all questions of a file must have the same "
                      "number of choices, each with a text",
                      here(), i, choices.size()));
    }
    const std::size_t places = dataset_.fills_blanks ? static_cast<std::size_t>(blanks) : 0;
    if (choices[i].size() > kLongestText || (places > 1 && choices[i].size() > kLongestText / places)) {
      throw Error(fmt::format("{}: choice {} makes a text of more than {} bytes", here(), i, kLongestText));
    }
  }
}

void MultipleChoiceBuilder::add(const Record& record) {
  line_ = record.line;
  MultipleChoiceQuestion question;
  question.line = record.line;
  question.id = text_at(record, id_, kLongestId);
  question.question = text_at(record, question_, kLongestText);
  question.context = text_at(record, context_, kLongestContext);
  if (dataset_.size() > 0 && question.context == dataset_.questions.back().context) {
    arena_->shrink_last(question.context.size());
    question.context = dataset_.questions.back().context;
  }
  const std::vector<std::string_view> choices =
      list_.index >= 0 ? listed_choices(record) : choices_in_columns(record);
  check(question, choices);
  if (label_.index >= 0) labels_.push_back(trim_blanks(text_at(record, label_, kLongestText)));
  dataset_.num_choices = static_cast<std::int64_t>(choices.size());
  dataset_.questions.push_back(question);
  dataset_.choices.insert(dataset_.choices.end(), choices.begin(), choices.end());
}

MultipleChoiceDataset MultipleChoiceBuilder::finish(std::vector<std::string> notes, std::int64_t most_bad) {
  if (dataset_.size() == 0) throw Error(fmt::format("{}: holds no questions", dataset_.path));
  dataset_.notes = std::move(notes);
  if (label_.index >= 0) set_choice_labels(dataset_, labels_, most_bad);
  dataset_.storage = std::move(arena_);
  return std::move(dataset_);
}

}  // namespace bertune::data
