#include "data/questions/question_answering_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bertune/error.h"

namespace bertune::data {
namespace {

constexpr std::size_t kLongestContext = std::size_t{16} << 20, kLongestQuestion = std::size_t{1} << 20,
                      kLongestAnswer = std::size_t{64} << 10, kLongestId = 1024;  // bytes

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

// Null stands for a key that is not there.
const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const std::string& text_at(const Json& object, const char* key, const std::string& where) {
  const Json* value = find(object, key);
  if (value == nullptr) throw Error(fmt::format("{}: there is no \"{}\"", where, key));
  if (value->is_string()) return value->get_ref<const std::string&>();
  throw Error(
      fmt::format("{}: \"{}\" is of the type {}; it must be a string", where, key, value->type_name()));
}

void check_size(const std::string& text, std::size_t longest, std::string_view what,
                const std::string& where) {
  if (text.size() <= longest) return;
  throw Error(fmt::format("{}: {} of {} bytes; at most {} are read", where, what, text.size(), longest));
}

// As much of a text as a message can hold, cut at a whole code point.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return fmt::format("\"{}\"", text);
  std::size_t size = kMost;
  while ((static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return fmt::format("\"{}...\"", text.substr(0, size));
}

std::int64_t answer_start(const Json& value, const std::string& where) {
  constexpr double kMost = 1e15;
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (std::isfinite(number) && std::floor(number) == number && number >= 0 && number < kMost)
    return static_cast<std::int64_t>(number);
  throw Error(
      fmt::format("{}: \"answer_start\" is {}; it must be the number of the answer's first character (code "
                  "point) in the context, from 0. A question without an answer has an empty list of answers",
                  where, value.is_structured() ? value.type_name() : value.dump().substr(0, 40)));
}

bool is_true(const Json& value, const std::string& where) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == 0 || value == 1) return value == 1;
  throw Error(fmt::format("{}: \"is_impossible\" must be true or false", where));
}

}  // namespace

QuestionAnsweringBuilder::QuestionAnsweringBuilder(std::string path,
                                                   const QuestionAnsweringReadOptions& options)
    : options_(options) {
  dataset_.path = std::move(path);
}

bool QuestionAnsweringBuilder::is_full() const {
  return options_.max_questions >= 0 && dataset_.size() >= options_.max_questions;
}

void QuestionAnsweringBuilder::set_context(const Json& holder, const std::string& where) {
  const std::string& text = text_at(holder, "context", where);
  if (context_ >= 0 && dataset_.contexts[static_cast<std::size_t>(context_)] == text) return;
  if (is_blank(text)) throw Error(fmt::format("{}: the context is empty", where));
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
  const Json* given = find(question, "id");
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
    throw Error(fmt::format("{}: the id {} occurs twice; predictions could not be told apart{}", where,
                            shown(id),
                            given == nullptr ? " (a question without an id gets its number)" : ""));
  }
  return kept;
}

void QuestionAnsweringBuilder::add_question(const Json& question, std::string where, std::int64_t line) {
  if (!question.is_object()) throw Error(fmt::format("{}: is no JSON object", where));
  QuestionAnsweringExample example;
  example.id = take_id(question, where);
  if (find(question, "id") != nullptr) where += fmt::format(" (id {})", shown(example.id));
  const std::string& text = text_at(question, "question", where);
  check_size(text, kLongestQuestion, "a question", where);
  if (is_blank(text)) blank_.add(where);
  example.question = arena_->copy(text);
  example.context_index = context_;
  example.context = dataset_.contexts[static_cast<std::size_t>(context_)];
  add_answers(question, where, example);
  example.line = line;
  example.where = arena_->copy(where);
  dataset_.examples.push_back(std::move(example));
}

void QuestionAnsweringBuilder::add_answers(const Json& question, const std::string& where,
                                           QuestionAnsweringExample& example) {
  const Json *answers = find(question, "answers"), *impossible = find(question, "is_impossible");
  if (answers == nullptr) answers = find(question, "answer");
  const bool says_impossible = impossible != nullptr && is_true(*impossible, where);
  example.has_label = answers != nullptr || says_impossible;
  if (answers == nullptr) {
    if (!example.has_label && options_.answers_required)
      throw Error(fmt::format("{}: there is neither \"answers\" nor \"answer\"", where));
  } else if (answers->is_string()) {
    const std::string& text = answers->get_ref<const std::string&>();
    if (!text.empty()) add_answer(text, find(question, "answer_start"), where, example);
  } else if (answers->is_array()) {
    for (const Json& answer : *answers) {
      if (!answer.is_object()) throw Error(fmt::format("{}: an answer is no object with \"text\"", where));
      add_answer(text_at(answer, "text", where), find(answer, "answer_start"), where, example);
    }
  } else if (answers->is_object()) {
    add_answer_columns(*answers, where, example);
  } else {
    throw Error(fmt::format("{}: the answers are of the type {}; see the data formats of question answering",
                            where, answers->type_name()));
  }
  example.is_impossible = example.has_label && example.answers.empty();
  if (example.has_label && impossible != nullptr && says_impossible != example.is_impossible)
    contradicting_.add(where);
}

void QuestionAnsweringBuilder::add_answer_columns(const Json& answers, const std::string& where,
                                                  QuestionAnsweringExample& example) {
  const Json *texts = find(answers, "text"), *starts = find(answers, "answer_start");
  if (texts != nullptr && texts->is_string()) {
    add_answer(texts->get_ref<const std::string&>(), starts, where, example);
    return;
  }
  const bool fit = texts != nullptr && texts->is_array() &&
                   (starts == nullptr || (starts->is_array() && starts->size() == texts->size()));
  if (!fit) {
    throw Error(fmt::format(
        "{}: the answers must hold two lists of one length, \"text\" and \"answer_start\"", where));
  }
  for (std::size_t i = 0; i < texts->size(); ++i) {
    if (!(*texts)[i].is_string()) throw Error(fmt::format("{}: an answer's text is no string", where));
    add_answer((*texts)[i].get_ref<const std::string&>(), starts == nullptr ? nullptr : &(*starts)[i], where,
               example);
  }
}

void QuestionAnsweringBuilder::add_answer(const std::string& text, const Json* start,
                                          const std::string& where, QuestionAnsweringExample& example) {
  if (text.empty()) {
    throw Error(
        fmt::format("{}: an answer's text is empty; a question without an answer has an empty list", where));
  }
  check_size(text, kLongestAnswer, "an answer", where);
  std::size_t byte = 0;
  if (start != nullptr) {
    byte = place_of(text, answer_start(*start, where), where);
  } else {
    byte = example.context.find(text);
    if (byte == std::string_view::npos)
      throw Error(fmt::format("{}: the answer {} is not in the context", where, shown(text)));
    if (example.context.find(text, byte + 1) != std::string_view::npos) ambiguous_.add(where);
  }
  example.answers.push_back(
      {example.context.substr(byte, text.size()), index().number_at(byte), static_cast<std::int64_t>(byte)});
}

std::size_t QuestionAnsweringBuilder::place_of(const std::string& text, std::int64_t start,
                                               const std::string& where) {
  const std::string_view context = dataset_.contexts[static_cast<std::size_t>(context_)];
  const bool within = start < index().size();
  const std::string_view there = within ? context.substr(index().byte_of(start)) : std::string_view();
  if (there.starts_with(text)) return context.size() - there.size();
  if (const auto nearest = nearest_occurrence(context, index(), text, start)) {
    moved_.add(where);
    return *nearest;
  }
  const std::int64_t end = std::min(start + CodePointIndex(text).size(), index().size());
  const std::string found =
      within
          ? "stands " +
                shown(context.substr(index().byte_of(start), index().byte_of(end) - index().byte_of(start)))
          : fmt::format("the context of {} characters has ended", index().size());
  throw Error(fmt::format("{}: the answer {} is not in the context; at its answer_start, {}, {}", where,
                          shown(text), start, found));
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
      {&blank_, "the question is empty"}};
  for (const auto& [tally, what] : tallies) {
    if (tally->count == 1) note(fmt::format("{}: {}", tally->first, what));
    if (tally->count > 1)
      note(fmt::format("{}: {} ({} times; this is the first)", tally->first, what, tally->count));
  }
}

QuestionAnsweringDataset QuestionAnsweringBuilder::finish() {
  if (dataset_.examples.empty() && options_.max_questions != 0)
    throw Error(fmt::format("{}: holds no questions", dataset_.path));
  dataset_.has_answers = true;
  for (const QuestionAnsweringExample& example : dataset_.examples) {
    dataset_.has_answers = dataset_.has_answers && example.has_label;
    dataset_.has_impossible = dataset_.has_impossible || example.is_impossible;
  }
  add_tallies();
  dataset_.storage = arena_;
  return std::move(dataset_);
}

}  // namespace bertune::data
