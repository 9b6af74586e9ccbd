#include "data/questions/question_answering_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "core/quoted.h"
#include "data/files/records.h"
#include "data/questions/question_names.h"
#include "data/questions/question_values.h"

namespace bertune::data {
namespace {

constexpr std::size_t kLongestContext = std::size_t{16} << 20, kLongestQuestion = std::size_t{1} << 20,
                      kLongestId = 1024;  // bytes

}  // namespace

QuestionAnsweringBuilder::QuestionAnsweringBuilder(std::string path,
                                                   const QuestionAnsweringReadOptions& options)
    : options_(options), bad_(options.max_bad_rows) {
  dataset_.path = std::move(path);
}

bool QuestionAnsweringBuilder::is_full() const {
  return options_.max_questions >= 0 && dataset_.size() >= options_.max_questions;
}

void QuestionAnsweringBuilder::add_row(const Json& row, const std::string& where, std::int64_t line) {
  if (is_full()) return;
  const bool is_object = row.is_object();
  if (is_object && row.contains("paragraphs")) {
    const Json& paragraphs = row["paragraphs"];
    if (!paragraphs.is_array())
      throw Error(fmt::format("{}: \"paragraphs\" must be a list of objects", where));
    for (std::size_t i = 0; i < paragraphs.size(); ++i)
      add_paragraph(paragraphs[i], fmt::format("{}.paragraphs[{}]", where, i), line);
  } else if (listed_questions(row) != nullptr) {
    add_paragraph(row, where, line);
  } else if (is_object && row.size() == 1 && row.contains("header")) {
    return;  // MRQA's first line
  } else {
    bad_.reads([&] {
      if (!is_object) throw Error(fmt::format("{}: expected a JSON object", where));
      set_context(row, where);
      add_question(row, where, line);
    });
  }
}

void QuestionAnsweringBuilder::add_paragraph(const Json& paragraph, const std::string& where,
                                             std::int64_t line) {
  if (is_full()) return;
  const Json* questions = listed_questions(paragraph);
  if (questions == nullptr || !questions->is_array())
    throw Error(fmt::format("{}: \"qas\" must be a list of questions", where));
  const bool has_context = bad_.reads([&] { set_context(paragraph, where); });
  for (std::size_t i = 0; has_context && i < questions->size() && !is_full(); ++i)
    bad_.reads([&] { add_question((*questions)[i], fmt::format("{}.qas[{}]", where, i), line); });
}

const std::string& QuestionAnsweringBuilder::text_named(const Json& object,
                                                        std::span<const std::string_view> names,
                                                        const std::string& where) {
  std::string_view found;
  if (find_named(object, names, &found) == nullptr)
    throw Error(fmt::format("{}: there is no \"{}\"", where, names.front()));
  if (found != names.front()) other_names_.try_emplace(names.front(), found, where);
  return text_at(object, found.data(), where);
}

void QuestionAnsweringBuilder::set_context(const Json& holder, const std::string& where) {
  const std::string& text = text_named(holder, kContextNames, where);
  if (context_ >= 0 && dataset_.contexts[static_cast<std::size_t>(context_)] == text) return;
  if (is_blank(text) && refuses()) throw Error(fmt::format("{}: the context is empty", where));
  if (is_blank(text)) empty_contexts_.add(where);
  check_size(text, kLongestContext, "a context", where);
  index_.reset();
  if (const auto known = contexts_.find(text); known != contexts_.end()) {
    context_ = known->second;
    return;
  }
  context_ = static_cast<std::int64_t>(dataset_.contexts.size());
  dataset_.contexts.push_back(arena_->copy(text));
  contexts_.emplace(dataset_.contexts.back(), context_);
}

std::string_view QuestionAnsweringBuilder::take_id(const Json& question, const std::string& where) {
  const Json* given = find_named(question, kIdNames);
  std::string id;
  if (given == nullptr) {
    id = std::to_string(options_.questions_before + dataset_.size() + 1);
  } else if (given->is_string()) {
    id = given->get_ref<const std::string&>();
  } else if (given->is_number_integer()) {
    id = given->dump();
  } else {
    throw Error(fmt::format("{}: \"id\" is of the type {}; it must be a string or a whole number", where,
                            given->type_name()));
  }
  check_size(id, kLongestId, "an id", where);
  const std::string_view kept = arena_->copy(id);
  if (!ids_.insert(kept).second) {
    if (!refuses() && options_.answers_required) {
      equal_ids_.add(where);
      return kept;
    }
    throw Error(fmt::format("{}: the id {} occurs twice; predictions could not be told apart{}", where,
                            in_quotes(id),
                            given == nullptr ? " (a question without an id gets its number)" : ""));
  }
  return kept;
}

void QuestionAnsweringBuilder::add_question(const Json& question, std::string where, std::int64_t line) {
  if (!question.is_object()) throw Error(fmt::format("{}: is no JSON object", where));
  QuestionAnsweringExample example;
  example.id = take_id(question, where);
  if (find_named(question, kIdNames) != nullptr) where += fmt::format(" (id {})", in_quotes(example.id));
  const std::string& text = text_named(question, kQuestionNames, where);
  check_size(text, kLongestQuestion, "a question", where);
  if (is_blank(text)) blank_.add(where);
  example.question = arena_->copy(text);
  example.context_index = context_;
  example.context = dataset_.contexts[static_cast<std::size_t>(context_)];
  add_answers(question, where, example);
  if (unplaced_in_question_ > 0 && options_.unplaced == UnplacedAnswers::leave_out &&
      example.answers.empty()) {
    lost_.add(where);
    return;
  }
  example.line = line;
  example.where = arena_->copy(where);
  dataset_.examples.push_back(std::move(example));
}

const CodePointIndex& QuestionAnsweringBuilder::index() {
  if (!index_) index_.emplace(dataset_.contexts[static_cast<std::size_t>(context_)]);
  return *index_;
}

void QuestionAnsweringBuilder::add_tallies() {
  const std::pair<const Tally*, std::string_view> tallies[] = {
      {&moved_, "the answer does not stand at its answer_start; the nearest place where it does is taken"},
      {&ambiguous_, "the answer occurs in its context more than once; the first is taken"},
      {&contradicting_, "\"is_impossible\" does not agree with the answers, which decide"},
      {&blank_, "the question is empty"},
      {&trimmed_, "the answer stands in its context without the blanks around it, which are dropped"},
      {&empty_answers_, "an answer's text is empty: it is taken for none"},
      {&empty_contexts_, "the context is empty, so that no answer can be found in it"},
      {&equal_ids_, "the id occurred before"},
      {&unplaced_,
       options_.unplaced == UnplacedAnswers::keep
           ? "an answer is not in its context, or its answer_start is negative: its text alone is "
             "compared (`strict` refuses it)"
           : "an answer is not in its context, or its answer_start is negative: it is not learnt from "
             "(`strict` refuses it)"},
      {&lost_, "the question has no other answer and is left out"}};
  for (const auto& [tally, what] : tallies) {
    if (tally->count == 1) note(fmt::format("{}: {}", tally->first, what));
    if (tally->count > 1)
      note(fmt::format("{}: {} ({} times; this is the first)", tally->first, what, tally->count));
  }
}

QuestionAnsweringDataset QuestionAnsweringBuilder::finish() {
  bad_.settle(dataset_.path, dataset_.size() + lost_.count, "questions", dataset_.notes);
  if (dataset_.examples.empty() && lost_.count > 0) {
    throw Error(
        fmt::format("{}: none of its {} questions has an answer that its context holds; the first is {}",
                    dataset_.path, lost_.count, lost_.first));
  }
  if (dataset_.examples.empty() && options_.max_questions != 0)
    throw Error(fmt::format("{}: holds no questions", dataset_.path));
  dataset_.has_answers = true;
  for (const QuestionAnsweringExample& example : dataset_.examples) {
    dataset_.has_answers = dataset_.has_answers && example.has_label;
    dataset_.has_impossible = dataset_.has_impossible || example.is_impossible;
  }
  for (const auto& [usual, other] : other_names_) {
    note(fmt::format("{}: \"{}\" is taken for the {} (detected; a \"{}\" would go before)", other.second,
                     other.first, usual, usual));
  }
  add_tallies();
  dataset_.storage = arena_;
  return std::move(dataset_);
}

}  // namespace bertune::data
