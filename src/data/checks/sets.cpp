#include "data/checks/sets.h"

#include <fmt/format.h>

#include <functional>
#include <memory>

#include "data/files/storage.h"
#include "data/splits/text_index.h"

namespace bertune::data {
namespace {

constexpr std::size_t kSaidOften = 5;  // words: shorter sentences repeat by chance

// A set as rows of texts. A row without text is compared with none.
struct Texts {
  Dataset rows;
  std::function<std::string(std::size_t)> where;
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();
};

std::string_view joined(std::span<const std::string_view> words, Arena& arena) {
  std::string text;
  for (const std::string_view word : words) text.append(word).push_back(' ');
  return arena.copy(text);
}

Texts texts_of(const TaggedDataset& dataset, std::size_t least_words) {
  Texts texts;
  for (const TaggedSentence& sentence : dataset.sentences) {
    Row row;
    if (sentence.words.size() >= least_words) row.text = joined(sentence.words, *texts.arena);
    row.label = joined(sentence.tags, *texts.arena);
    row.line = sentence.line;
    texts.rows.rows.push_back(row);
  }
  texts.where = [&dataset](std::size_t i) { return dataset.where(dataset.sentences[i]); };
  return texts;
}

Texts texts_of(const QuestionAnsweringDataset& dataset, bool with_questions) {
  Texts texts;
  texts.rows.has_pairs = with_questions;
  for (const QuestionAnsweringExample& example : dataset.examples) {
    Row row;
    row.text = example.context;
    row.line = example.line;
    if (with_questions) row.text_pair = example.question;
    if (!example.answers.empty()) row.label = example.answers.front().text;
    texts.rows.rows.push_back(row);
  }
  texts.where = [&dataset](std::size_t i) { return std::string(dataset.examples[i].where); };
  return texts;
}

// Rows whose texts occurred before; how many of them with another label; the first of either kind.
struct Repeats {
  std::int64_t rows = 0, differing = 0;
  std::string first, first_differing;

  void add(const Texts& texts, std::size_t row, const Texts& earlier_texts, std::size_t earlier) {
    const auto places = [&] {
      return fmt::format("{} and {}", earlier_texts.where(earlier), texts.where(row));
    };
    if (rows++ == 0) first = places();
    if (texts.rows.rows[row].label == earlier_texts.rows.rows[earlier].label) return;
    if (differing++ == 0) first_differing = places();
  }
};

Repeats repeats_in(const Texts& texts) {
  const TextIndex index(texts.rows, Folding::blanks_and_case);
  Repeats repeats;
  for (std::size_t row = 0; row < texts.rows.rows.size(); ++row) {
    const auto first = static_cast<std::size_t>(index.first_of(static_cast<std::int64_t>(row)));
    if (first != row) repeats.add(texts, row, texts, first);
  }
  return repeats;
}

Repeats shared_with(const Texts& train, const Texts& texts) {
  const TextIndex index(train.rows, Folding::blanks_and_case);
  Repeats repeats;
  for (std::size_t row = 0; row < texts.rows.rows.size(); ++row) {
    const auto found = index.find(texts.rows.rows[row]);
    if (found) repeats.add(texts, row, train, static_cast<std::size_t>(*found));
  }
  return repeats;
}

std::string note(std::string_view name, std::string_view what, std::int64_t count, std::int64_t rows,
                 const std::string& first) {
  return fmt::format("{}: {}: {} of {} (first: {})", name, what, count, rows, first);
}

std::vector<std::string> notes_of(std::string_view name, const Repeats& repeats, std::int64_t rows,
                                  std::string_view things, std::string_view labelled) {
  std::vector<std::string> notes;
  if (repeats.differing > 0)
    notes.push_back(note(name, fmt::format("{} that occurred before and were {} otherwise", things, labelled),
                         repeats.differing, rows, repeats.first_differing));
  if (repeats.rows > repeats.differing)
    notes.push_back(note(name, fmt::format("{} that repeat an earlier one", things),
                         repeats.rows - repeats.differing, rows, repeats.first));
  return notes;
}

}  // namespace

Split split_sentences(const TaggedDataset& dataset, double validation_share, std::uint64_t seed,
                      const Fold& fold) {
  Texts texts = texts_of(dataset, fold.given ? kSaidOften : 0);
  for (Row& row : texts.rows.rows) row.label = {};  // one class
  texts.rows.path = dataset.path;
  return stratified_split(texts.rows, validation_share, seed, fold);
}

Split split_questions(const QuestionAnsweringDataset& dataset, double validation_share, std::uint64_t seed,
                      const Fold& fold) {
  Texts texts = texts_of(dataset, false);
  for (Row& row : texts.rows.rows) row.label = {};
  texts.rows.path = dataset.path;
  return stratified_split(texts.rows, validation_share, seed, fold);
}

TaggedDataset subset(const TaggedDataset& dataset, std::span<const std::int64_t> sentences) {
  TaggedDataset part;
  part.path = dataset.path, part.format = dataset.format, part.scheme = dataset.scheme;
  part.tags = dataset.tags, part.has_tags = dataset.has_tags, part.storage = dataset.storage;
  part.sentences.reserve(sentences.size());
  for (const std::int64_t i : sentences)
    part.sentences.push_back(dataset.sentences[static_cast<std::size_t>(i)]);
  return part;
}

QuestionAnsweringDataset subset(const QuestionAnsweringDataset& dataset,
                                std::span<const std::int64_t> questions) {
  QuestionAnsweringDataset part;
  part.path = dataset.path, part.storage = dataset.storage;
  part.has_answers = dataset.has_answers, part.has_impossible = dataset.has_impossible;
  part.examples.reserve(questions.size());
  std::vector<std::int64_t> numbers(dataset.contexts.size(), -1);
  for (const std::int64_t i : questions) {
    QuestionAnsweringExample& example =
        part.examples.emplace_back(dataset.examples[static_cast<std::size_t>(i)]);
    std::int64_t& number = numbers[static_cast<std::size_t>(example.context_index)];
    if (number < 0) {
      number = static_cast<std::int64_t>(part.contexts.size());
      part.contexts.push_back(example.context);
    }
    example.context_index = number;
  }
  return part;
}

std::vector<std::string> repeat_notes(std::string_view name, const TaggedDataset& dataset) {
  return notes_of(name, repeats_in(texts_of(dataset, kSaidOften)), dataset.size(), "sentences", "tagged");
}

std::vector<std::string> repeat_notes(std::string_view name, const QuestionAnsweringDataset& dataset) {
  return notes_of(name, repeats_in(texts_of(dataset, true)), dataset.size(), "questions", "answered");
}

std::vector<std::string> leak_notes(std::string_view name, const TaggedDataset& dataset,
                                    const TaggedDataset& train) {
  const Repeats shared = shared_with(texts_of(train, kSaidOften), texts_of(dataset, kSaidOften));
  if (shared.rows == 0) return {};
  return {note(name, "sentences that are in the training set as well, which flatters the scores", shared.rows,
               dataset.size(), shared.first)};
}

std::vector<std::string> leak_notes(std::string_view name, const QuestionAnsweringDataset& dataset,
                                    const QuestionAnsweringDataset& train) {
  std::vector<std::string> notes;
  const Repeats questions = shared_with(texts_of(train, true), texts_of(dataset, true));
  if (questions.rows > 0)
    notes.push_back(note(name, "questions that are in the training set as well, which flatters the scores",
                         questions.rows, dataset.size(), questions.first));
  const Repeats contexts = shared_with(texts_of(train, false), texts_of(dataset, false));
  if (contexts.rows > questions.rows)
    notes.push_back(note(name, "questions about contexts of the training set", contexts.rows, dataset.size(),
                         contexts.first));
  return notes;
}

}  // namespace bertune::data
