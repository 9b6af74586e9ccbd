// The answers to a question, in the forms in which files have them, and their places in the context.
#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "core/quoted.h"
#include "data/files/records.h"
#include "data/questions/question_answering_builder.h"
#include "data/questions/question_names.h"
#include "data/questions/question_values.h"

namespace bertune::data {
namespace {

constexpr std::size_t kLongestAnswer = std::size_t{64} << 10;  // bytes

bool is_true(const Json& value, const std::string& where) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == 0 || value == 1) return value == 1;
  throw Error(fmt::format("{}: \"is_impossible\" must be true or false", where));
}

}  // namespace

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

}  // namespace bertune::data
