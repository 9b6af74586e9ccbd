#include "data/questions/question_answering_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bertune/error.h"
#include "core/quoted.h"
#include "data/files/records.h"
#include "data/questions/question_names.h"

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

std::int64_t answer_start_of(const Json& value, bool may_be_negative, const std::string& where) {
  if (may_be_negative && value.is_number() && value.get<double>() < 0) return -1;
  return answer_start(value, where);
}

bool is_true(const Json& value, const std::string& where) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == 0 || value == 1) return value == 1;
  throw Error(fmt::format("{}: \"is_impossible\" must be true or false", where));
}

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
  } else if (is_object && row.contains("qas")) {
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
  const Json* questions = paragraph.is_object() ? find(paragraph, "qas") : nullptr;
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

void QuestionAnsweringBuilder::add_answers(const Json& question, const std::string& where,
                                           QuestionAnsweringExample& example) {
  const Json* impossible = find_named(question, kImpossibleNames);
  std::string_view name;
  const Json* answers = find_named(question, kAnswersNames, &name);
  unplaced_in_question_ = 0;
  if (const Json* detected = find(question, "detected_answers"); detected != nullptr && detected->is_array())
    answers = detected;  // MRQA's, with their places, beside "answers" without
  if (answers != nullptr && name != "answers" && name != "answer")
    other_names_.try_emplace("answers", name, where);
  const bool says_impossible = impossible != nullptr && is_true(*impossible, where);
  example.has_label = answers != nullptr || says_impossible;
  if (answers == nullptr) {
    if (!example.has_label && options_.answers_required)
      throw Error(fmt::format("{}: there is neither \"answers\" nor \"answer\"", where));
  } else if (answers->is_string()) {
    const std::string& text = answers->get_ref<const std::string&>();
    if (!text.empty()) add_answer(text, find_named(question, kStartNames), where, example);
  } else if (answers->is_array()) {
    add_listed(*answers, find_named(question, kStartNames), where, example);
  } else if (answers->is_object()) {
    add_answer_columns(*answers, where, example);
  } else {
    throw Error(fmt::format("{}: the answers are of the type {}; see the data formats of question answering",
                            where, answers->type_name()));
  }
  example.is_impossible = example.has_label && example.answers.empty() && unplaced_in_question_ == 0;
  if (example.has_label && impossible != nullptr && says_impossible != example.is_impossible)
    contradicting_.add(where);
}

// Objects, or texts, whose places `starts` may hold, a list of the same length.
void QuestionAnsweringBuilder::add_listed(const Json& answers, const Json* starts, const std::string& where,
                                          QuestionAnsweringExample& example) {
  const bool fit = starts != nullptr && starts->is_array() && starts->size() == answers.size();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Json& answer = answers[i];
    if (answer.is_string()) {
      add_answer(answer.get_ref<const std::string&>(), fit ? &(*starts)[i] : nullptr, where, example);
      continue;
    }
    if (!answer.is_object()) throw Error(fmt::format("{}: an answer is no object with \"text\"", where));
    const Json* spans = find(answer, "char_spans");
    const bool has_span = spans != nullptr && spans->is_array() && !spans->empty() &&
                          spans->front().is_array() && !spans->front().empty();
    add_answer(text_at(answer, "text", where),
               has_span ? &spans->front().front() : find_named(answer, kStartNames), where, example);
  }
}

void QuestionAnsweringBuilder::add_answer_columns(const Json& answers, const std::string& where,
                                                  QuestionAnsweringExample& example) {
  const Json *texts = find(answers, "text"), *starts = find_named(answers, kStartNames);
  if (texts != nullptr && texts->is_string()) {
    add_answer(texts->get_ref<const std::string&>(), starts, where, example);
    return;
  }
  if (const Json* aliases = find(answers, "aliases");
      texts == nullptr && aliases != nullptr && aliases->is_array()) {
    add_listed(*aliases, nullptr, where, example);  // TriviaQA's
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
  if (text.empty() && refuses()) {
    throw Error(
        fmt::format("{}: an answer's text is empty; a question without an answer has an empty list", where));
  }
  if (is_blank(text) && !refuses()) return empty_answers_.add(where);
  check_size(text, kLongestAnswer, "an answer", where);
  const bool has_start = start != nullptr && !start->is_null();
  const std::int64_t at = has_start ? answer_start_of(*start, !refuses(), where) : 0;
  std::string_view found = text;
  std::optional<std::size_t> byte;
  if (at >= 0) byte = has_start ? place_near(found, at, where) : first_place(found, where);
  const std::string_view inner = trim_blanks(text);
  if (at >= 0 && !byte && inner.size() != text.size()) {
    const std::int64_t before = inner.data() - text.data();
    byte = has_start ? place_near(inner, at + before, where) : first_place(inner, where);
    if (byte) found = inner, trimmed_.add(where);
  }
  if (byte) {
    example.answers.push_back({example.context.substr(*byte, found.size()), index().number_at(*byte),
                               static_cast<std::int64_t>(*byte)});
    return;
  }
  if (refuses()) refuse_place(text, has_start ? std::optional(at) : std::nullopt, where);
  unplaced_.add(where);
  ++unplaced_in_question_;
  if (options_.unplaced == UnplacedAnswers::keep) example.answers.push_back({arena_->copy(text), -1, -1});
}

std::optional<std::size_t> QuestionAnsweringBuilder::first_place(std::string_view text,
                                                                 const std::string& where) {
  const std::string_view context = dataset_.contexts[static_cast<std::size_t>(context_)];
  const std::size_t byte = context.find(text);
  if (byte == std::string_view::npos) return std::nullopt;
  if (context.find(text, byte + 1) != std::string_view::npos) ambiguous_.add(where);
  return byte;
}

std::optional<std::size_t> QuestionAnsweringBuilder::place_near(std::string_view text, std::int64_t start,
                                                                const std::string& where) {
  const std::string_view context = dataset_.contexts[static_cast<std::size_t>(context_)];
  const bool within = start < index().size();
  const std::string_view there = within ? context.substr(index().byte_of(start)) : std::string_view();
  if (there.starts_with(text)) return context.size() - there.size();
  const auto nearest = nearest_occurrence(context, index(), text, start);
  if (nearest) moved_.add(where);
  return nearest;
}

void QuestionAnsweringBuilder::refuse_place(std::string_view text, std::optional<std::int64_t> start,
                                            const std::string& where) {
  if (!start) throw Error(fmt::format("{}: the answer {} is not in the context", where, in_quotes(text)));
  const std::string_view context = dataset_.contexts[static_cast<std::size_t>(context_)];
  const std::int64_t end = std::min(*start + CodePointIndex(text).size(), index().size());
  const std::string found =
      *start < index().size()
          ? "stands " + in_quotes(context.substr(index().byte_of(*start),
                                                 index().byte_of(end) - index().byte_of(*start)))
          : fmt::format("the context of {} characters has ended", index().size());
  throw Error(fmt::format("{}: the answer {} is not in the context; at its answer_start, {}, {}", where,
                          in_quotes(text), *start, found));
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
    note(fmt::format("{}: \"{}\" is taken for the {} (guessed; a \"{}\" would go before)", other.second,
                     other.first, usual, usual));
  }
  add_tallies();
  dataset_.storage = arena_;
  return std::move(dataset_);
}

}  // namespace bertune::data
