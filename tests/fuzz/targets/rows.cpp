// Files of tagged words, questions with their answers, and questions with choices.
#include <array>
#include <unordered_set>

#include "core/utf8.h"
#include "data/choices/multiple_choice.h"
#include "data/questions/question_answering.h"
#include "data/tagged/tagged.h"
#include "fuzz/target.h"

namespace bertune::fuzz {
namespace {

using namespace data;

bool is_valid(std::string_view text) { return find_invalid_utf8(text) == text.npos; }

void read_tagged_as(TagFormat format, std::string_view bytes) {
  const unsigned choice = take_choice(bytes);
  TaggedReadOptions options{.format = format, .labels_required = (choice & 1) == 0};
  options.max_bad_rows = (choice & 2) == 0 ? 0 : 2;
  if ((choice & 4) != 0) options.label_column = "2";
  const TaggedDataset dataset = parse_tagged(std::string(bytes), "tagged", options);
  for (const TaggedSentence& sentence : dataset.sentences) {
    const auto one_a_word = [&](std::size_t size) { return size == sentence.words.size(); };
    require(one_a_word(sentence.tags.size()) || (!options.labels_required && sentence.tags.empty()),
            "a tag for each word");
    require(sentence.word_lines.empty() || one_a_word(sentence.word_lines.size()), "a line for each word");
    require(sentence.spans.empty() || one_a_word(sentence.spans.size()), "a place for each word");
    for (std::size_t word = 0; word < sentence.words.size(); ++word) {
      require(is_valid(sentence.words[word]), "words are valid UTF-8");
      if (sentence.spans.empty()) continue;
      const Span span = sentence.spans[word];
      require(sentence.text.substr(span.begin, span.end - span.begin) == sentence.words[word],
              "a word stands in its place");
    }
  }
}

const Target kConll("conll", [](std::string_view bytes) { read_tagged_as(TagFormat::conll, bytes); });
const Target kConllU("conllu", [](std::string_view bytes) { read_tagged_as(TagFormat::conllu, bytes); });
const Target kTaggedJson("tagged_jsonl",
                         [](std::string_view bytes) { read_tagged_as(TagFormat::jsonl, bytes); });
const Target kTagTable("tag_table", [](std::string_view bytes) { read_tagged_as(TagFormat::csv, bytes); });

void read_questions(std::string_view bytes, Format format, unsigned choice) {
  QuestionAnsweringReadOptions options{.answers_required = (choice & 1) == 0};
  options.unplaced = std::array{UnplacedAnswers::refuse, UnplacedAnswers::refuse, UnplacedAnswers::leave_out,
                                UnplacedAnswers::keep}[choice >> 1 & 3];
  options.max_bad_rows = (choice & 8) == 0 ? 0 : 2;
  const QuestionAnsweringDataset dataset = parse_question_answering(bytes, "questions", format, options);
  for (const QuestionAnsweringExample& example : dataset.examples) {
    require(is_valid(example.context), "contexts are valid UTF-8");
    require(example.context == dataset.contexts.at(static_cast<std::size_t>(example.context_index)),
            "a question has its context");
    for (const Answer& answer : example.answers) {
      if (!answer.has_place()) continue;
      const auto byte = static_cast<std::size_t>(answer.byte_start);
      require(example.context.substr(byte, answer.text.size()) == answer.text,
              "an answer stands in its place");
    }
  }
}

const Target kSquad("squad", [](std::string_view bytes) {
  const unsigned choice = take_choice(bytes);
  read_questions(bytes, Format::json, choice);
});
const Target kQuestionRows("question_rows", [](std::string_view bytes) {
  const unsigned choice = take_choice(bytes);
  read_questions(bytes, std::array{Format::jsonl, Format::jsonl, Format::csv, Format::tsv}[choice >> 4 & 3],
                 choice);
});

const Target kChoices("multiple_choice", [](std::string_view bytes) {
  const unsigned choice = take_choice(bytes);
  MultipleChoiceReadOptions options{.with_labels = (choice & 1) == 0};
  options.max_bad_rows = (choice & 2) == 0 ? 0 : 2;
  const Format format = std::array{Format::jsonl, Format::csv, Format::json, Format::tsv}[choice >> 2 & 3];
  const MultipleChoiceDataset dataset = parse_multiple_choice(bytes, "choices", format, options);
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    require(dataset.choices_of(i).size() == static_cast<std::size_t>(dataset.num_choices),
            "choices of each question");
    const std::int32_t label = dataset.questions[static_cast<std::size_t>(i)].label;
    require(!options.with_labels || (label >= 0 && label < dataset.num_choices), "a label that is a choice");
    require(is_valid(dataset.first_text(i)), "texts are valid UTF-8");
    for (std::int64_t k = 0; k < dataset.num_choices; ++k) dataset.second_text(i, k);
  }
});

}  // namespace
}  // namespace bertune::fuzz
