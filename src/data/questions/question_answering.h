// Questions, the texts that hold their answers, and the answers: what extractive question answering learns
// from.
//
// Read are SQuAD's JSON (1.1 and 2.0), and rows of CSV, TSV, JSON Lines or JSON (data/files/json_rows.h) with
// the columns "question", "context" and one of
//   "answers"  {"text": [...], "answer_start": [...]} as Hugging Face's datasets have it, SQuAD's list of
//              {"text", "answer_start"}, or a list of texts; in CSV and TSV as JSON text, or as Python prints
//              it
//   "answer"   the text, with "answer_start" or without; empty: the context does not answer the question
// and, if there is one, "id". These columns and keys may have other usual names (question_names.h), which is
// noted. A row may also hold the questions of its context as "qas", as SQuAD's paragraphs do, or
// "paragraphs".
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

// Places of an answer in its context; context.substr(byte_start, text.size()) == text, where it has a place.
struct Answer {
  std::string_view text;
  std::int64_t start = 0;  // in code points, as answer_start; negative: its context does not hold it
  std::int64_t byte_start = 0;

  bool has_place() const { return start >= 0; }
};

// The treatment of an answer that its context does not contain, or whose answer_start is negative.
enum class UnplacedAnswers {
  refuse,     // it is an error, and so are an empty answer, an empty context and equal ids
  leave_out,  // to learn from: the answer is left out, and so is a question without another
  keep,       // to test on: its text alone is compared
};

struct QuestionAnsweringExample {
  std::string_view id;  // as the file gives it, or the number of the question from 1
  std::string_view question, context;
  std::int64_t context_index = 0;  // in QuestionAnsweringDataset::contexts
  std::vector<Answer> answers;
  bool has_label = false;      // the file says what the answers are, or that there is none
  bool is_impossible = false;  // it says that there is none
  std::int64_t line = 0;       // where it begins, from 1; 0 in SQuAD's JSON
  std::string_view where;      // "file:line" or "file: data[1].paragraphs[2].qas[3] (id ...)", for messages
};

// The properties of all questions of a file, and of a part of them (data/splits/subset.h).
struct AboutQuestions {
  std::string path;                            // as given, for messages
  bool has_answers = false;                    // every question has a label
  bool has_impossible = false;                 // some question has no answer: SQuAD 2.0
  std::shared_ptr<const class Arena> storage;  // what the views point into; copies share it
};

struct QuestionAnsweringDataset : AboutQuestions {
  std::vector<QuestionAnsweringExample> examples;
  std::vector<std::string_view> contexts;  // each once
  std::vector<std::string> notes;          // what a person should know

  using Whole = AboutQuestions;
  static constexpr std::vector<QuestionAnsweringExample> QuestionAnsweringDataset::*kRows =
      &QuestionAnsweringDataset::examples;
  // The contexts of the examples, which have still the numbers of the whole.
  void take_over(const QuestionAnsweringDataset& whole, std::span<const std::int64_t> numbers);

  std::int64_t size() const { return static_cast<std::int64_t>(examples.size()); }
};

struct QuestionAnsweringReadOptions {
  std::optional<Format> format = {};  // unset: by extension
  std::int64_t max_questions = -1;    // negative: all
  bool answers_required = true;       // a question without a label is an error
  UnplacedAnswers unplaced = UnplacedAnswers::refuse;
  std::int64_t max_bad_rows = 0;  // this many questions that cannot be read are left out
  char delimiter = '\0';          // CSV and TSV; '\0': ',' or the one that the first line shows; tab
  // Options of a text that is part of a file or a stream: the lines and questions before it, for messages
  // and for ids that are not given; and, of CSV and TSV, the beginning of the file, which has the header.
  std::int64_t lines_before = 0, questions_before = 0;
  std::string_view beginning = {};
};

// Throws Error saying where (file:line, or the place in the JSON and the question's id) for: damaged files,
// missing keys, no questions at all, and what UnplacedAnswers says. An answer that stands elsewhere than at
// its answer_start is taken from the nearest place, and blanks around it are dropped where it stands without
// them; notes count these. Throws UsageError for a format that cannot hold questions.
QuestionAnsweringDataset read_question_answering(const fs::path& path,
                                                 const QuestionAnsweringReadOptions& options = {});

// The same of a text in memory; `path` stands for it in messages.
QuestionAnsweringDataset parse_question_answering(std::string_view text, const std::string& path,
                                                  Format format,
                                                  const QuestionAnsweringReadOptions& options = {});

}  // namespace bertune::data
