// Questions one by one, as JSON objects whatever file they come from, become a dataset: checked, and every
// text kept once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/json.h"
#include "data/files/storage.h"
#include "data/questions/answer_places.h"
#include "data/questions/question_answering.h"

namespace bertune::data {

class QuestionAnsweringBuilder {
 public:
  QuestionAnsweringBuilder(std::string path, const QuestionAnsweringReadOptions& options);

  bool is_full() const;  // there are as many questions as were asked for
  void note(std::string text) { dataset_.notes.push_back(std::move(text)); }

  // The text that the following questions are about. `holder` has it under "context".
  void set_context(const Json& holder, const std::string& where);
  // An object with "question" and, as they may be, "id", "answers", "answer", "answer_start",
  // "is_impossible". `line` is 0 in a document of JSON.
  void add_question(const Json& question, std::string where, std::int64_t line);
  // Throws Error when there are no questions.
  QuestionAnsweringDataset finish();

 private:
  // How often something odd was met, and where first.
  struct Tally {
    std::int64_t count = 0;
    std::string first;
    void add(const std::string& where) {
      if (count++ == 0) first = where;
    }
  };

  std::string_view take_id(const Json& question, const std::string& where);
  void add_answers(const Json& question, const std::string& where, QuestionAnsweringExample& example);
  // {"text": [...], "answer_start": [...]}.
  void add_answer_columns(const Json& answers, const std::string& where, QuestionAnsweringExample& example);
  // Without `start` at its first occurrence.
  void add_answer(const std::string& text, const Json* start, const std::string& where,
                  QuestionAnsweringExample& example);
  std::size_t place_of(const std::string& text, std::int64_t start, const std::string& where);
  const CodePointIndex& index();  // of the current context
  void add_tallies();

  QuestionAnsweringReadOptions options_;
  QuestionAnsweringDataset dataset_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  std::unordered_map<std::string_view, std::int64_t> contexts_;
  std::unordered_set<std::string_view> ids_;
  std::int64_t context_ = -1;            // the current one
  std::optional<CodePointIndex> index_;  // made when it is first needed
  Tally moved_, ambiguous_, contradicting_, blank_;
};

}  // namespace bertune::data
