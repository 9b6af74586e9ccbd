// Questions one by one, as JSON objects whatever file they come from, become a dataset: checked, and every
// text kept once.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/json.h"
#include "data/files/bad_rows.h"
#include "data/files/storage.h"
#include "data/questions/answer_places.h"
#include "data/questions/question_answering.h"

namespace bertune::data {

class QuestionAnsweringBuilder {
 public:
  QuestionAnsweringBuilder(std::string path, const QuestionAnsweringReadOptions& options);

  bool is_full() const;  // there are as many questions as were asked for
  void note(std::string text) { dataset_.notes.push_back(std::move(text)); }

  // A question with its context, a context with its "qas", or "paragraphs" of these. What cannot be read is
  // counted. `line` is 0 in a document of JSON.
  void add_row(const Json& row, const std::string& where, std::int64_t line);
  // An object with "context" and a list "qas".
  void add_paragraph(const Json& paragraph, const std::string& where, std::int64_t line);
  // The row could not even be parsed.
  void add_bad_row(std::string message) { bad_.add(std::move(message)); }
  // Throws Error when there are no questions.
  QuestionAnsweringDataset finish();

 private:
  // The count of an oddity, and where it was first met.
  struct Tally {
    std::int64_t count = 0;
    std::string first;
    void add(const std::string& where) {
      if (count++ == 0) first = where;
    }
  };

  const std::string& text_named(const Json& object, std::span<const std::string_view> names,
                                const std::string& where);
  void set_context(const Json& holder, const std::string& where);
  void add_question(const Json& question, std::string where, std::int64_t line);
  std::string_view take_id(const Json& question, const std::string& where);
  void add_answers(const Json& question, const std::string& where, QuestionAnsweringExample& example);
  void add_listed(const Json& answers, const Json* starts, const std::string& where,
                  QuestionAnsweringExample& example);
  // {"text": [...], "answer_start": [...]}, or {"text", "answer_start"} of one answer.
  void add_answer_columns(const Json& answers, const std::string& where, QuestionAnsweringExample& example);
  // Adds an answer; without `start`, at its first occurrence.
  void add_answer(const std::string& text, const Json* start, const std::string& where,
                  QuestionAnsweringExample& example);
  std::optional<std::size_t> first_place(std::string_view text, const std::string& where);
  std::optional<std::size_t> place_near(std::string_view text, std::int64_t start, const std::string& where);
  [[noreturn]] void refuse_place(std::string_view text, std::optional<std::int64_t> start,
                                 const std::string& where);
  bool refuses() const { return options_.unplaced == UnplacedAnswers::refuse; }
  const CodePointIndex& index();  // of the current context
  void add_tallies();

  QuestionAnsweringReadOptions options_;
  QuestionAnsweringDataset dataset_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  std::unordered_map<std::string_view, std::int64_t> contexts_;
  std::unordered_set<std::string_view> ids_;
  std::int64_t context_ = -1;  // the current one
  std::int64_t unplaced_in_question_ = 0;
  std::optional<CodePointIndex> index_;  // made when it is first needed
  Tally moved_, ambiguous_, contradicting_, blank_, trimmed_, empty_answers_, unplaced_, lost_,
      empty_contexts_, equal_ids_;
  BadRows bad_;
  std::map<std::string_view, std::pair<std::string_view, std::string>>
      other_names_;  // by the usual one: where
};

}  // namespace bertune::data
