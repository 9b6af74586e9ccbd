// Questions of which one of several choices is the answer: what multiple choice learns from.
//
// Read are rows of CSV, TSV, JSON Lines or JSON lists:
//   SWAG     "sent1", "sent2", "ending0", "ending1", ..., "label", as Transformers' run_swag.py reads them
//   RACE     "article", "question", "options", "answer"
//   nested   {"question": {"stem", "choices": [{"label", "text"}]}, "answerKey"} and its kin: CommonsenseQA,
//   ARC,
//            OpenBookQA, and RACE with its lists of questions (nested_choices.h)
//   others   "question", with "context" or "text" if there is one; "choices" or "options", a list (in tables
//            as JSON text or as Python prints it), or "choice0", "choice1", ... ("ending...", "option..."
//            too, from 1, and with letters: "answerA"); "label" or "answer"
// and "id", if there is one. Other usual names are known (multiple_choice_columns.cpp), and a note says which
// were taken. A label is the number of the choice from 0, or from 1, its letter from A, or its text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/texts/reader.h"

namespace bertune::data {

struct MultipleChoiceQuestion {
  std::string_view id, context, question;  // as the file has them; empty: it has none
  std::int32_t label = -1;                 // the right choice; -1: not read
  std::int64_t line = 0;                   // where the record begins, from 1
};

// The properties of all questions of a file, and of a part of them (data/splits/subset.h).
struct AboutChoices {
  std::string path;                            // as given, for messages
  std::string context_name, question_name;     // the columns; "" for the context where there is none
  bool fills_blanks = false;                   // RACE: a choice takes the place of "_" in its question
  std::int64_t num_choices = 0;                // of every question
  std::shared_ptr<const class Arena> storage;  // what the views point into; copies share it
};

struct MultipleChoiceDataset : AboutChoices {
  std::vector<MultipleChoiceQuestion> questions;
  std::vector<std::string_view> choices;  // [questions, num_choices]
  std::vector<std::string> notes;         // what a person should know

  using Whole = AboutChoices;
  static constexpr std::vector<MultipleChoiceQuestion> MultipleChoiceDataset::*kRows =
      &MultipleChoiceDataset::questions;
  void take_over(const MultipleChoiceDataset& whole, std::span<const std::int64_t> numbers);

  std::int64_t size() const { return static_cast<std::int64_t>(questions.size()); }
  std::span<const std::string_view> choices_of(std::int64_t question) const;
  // "file:line", for messages.
  std::string where(std::int64_t question) const;

  // The two texts that BERT reads for a choice: the context, and the question with the choice after a space
  // (or in its "_"); where there is no context, the question, and the choice.
  std::string_view first_text(std::int64_t question) const;
  std::string second_text(std::int64_t question, std::int64_t choice) const;
};

struct MultipleChoiceReadOptions {
  std::optional<Format> format = {};  // unset: by extension
  std::string label_column = {};      // empty: "label", "answer" or another usual name
  std::string fold_column = {};       // a column, where there is one, that is no part of the questions
  std::int64_t max_questions = -1;    // negative: all
  bool with_labels = true;            // every question must have one; false: labels are not looked at
  char delimiter = '\0';              // CSV and TSV; '\0': ',' or the one that the first line shows; tab
  // Options of a text that is part of a file or a stream: the lines before it, and the beginning of the
  // file, which shows its columns and how many choices a question has.
  std::int64_t lines_before = 0;
  std::string_view beginning = {};
  std::int64_t max_bad_rows = 0;  // this many questions that cannot be read are left out
  fs::path labels_file = {};      // its lines are the labels of the questions; empty: a column has them
};

// Throws Error saying where (file:line) for: damaged files, empty texts, fewer than two choices, another
// number of choices than the first question's, missing labels and labels that name no choice, no questions at
// all. Throws UsageError for columns that are missing, naming those present, and for a format that cannot
// hold questions.
MultipleChoiceDataset read_multiple_choice(const fs::path& path,
                                           const MultipleChoiceReadOptions& options = {});

// The same of a text in memory; `path` stands for it in messages.
MultipleChoiceDataset parse_multiple_choice(std::string_view text, const std::string& path, Format format,
                                            const MultipleChoiceReadOptions& options = {});

// Returns whether a file has the columns of such questions. Reads the first records alone; false for anything
// that cannot be read, and for what is no file (a pipe would be used up).
bool looks_like_multiple_choice(const fs::path& path);

}  // namespace bertune::data
