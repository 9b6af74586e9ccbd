// What is asked of a model, and what it answers: values, which report, server and files write in their own
// form.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bertune/export.h"
#include "bertune/tokenizer.h"

namespace bertune {

// A thing to be predicted. Which members are read depends on the head; the others stay empty.
struct Input {
  // Classification, token classification, and masked language models: the text, with a mask token in it for
  // each word to be guessed. Classification of pairs and next-sentence prediction: the first text.
  std::string text;
  std::optional<std::string> text_pair = {};  // the second text, for a model of pairs
  std::vector<std::string> words = {};        // token classification: in place of a text
  std::string question = {}, context = {};    // question answering; multiple choice: the context may be empty
  std::vector<std::string> choices = {};      // multiple choice
};

// The most probable class.
struct Label {
  std::string label;
  double score = 0;            // its probability
  std::vector<double> scores;  // [labels of the model], in the order of their ids
};

// All classes that are more probable than the threshold, in the order of their ids.
struct Labels {
  std::vector<std::string> labels;
  double score = 0;            // the highest probability, whether above the threshold or not
  std::vector<double> scores;  // [labels of the model]
};

// The number of a regression, or how alike two texts are.
struct Score {
  double score = 0;
};

// Where something lies in a text.
struct TextPlace {
  Span code_points, bytes;
};

struct TaggedWord {
  std::string text, tag;
  double score = 0;                     // probability of the tag; 0 of a word that gives no token
  std::optional<TextPlace> place = {};  // without one where words were given
};

// A tag for each word, of a model whose tags name no entities (parts of speech).
struct Tags {
  std::vector<TaggedWord> words;
};

struct Entity {
  std::string label, text;
  std::int64_t first_word = 0, end_word = 0;  // words first_word .. end_word - 1
  double score = 0;                           // mean of the scores of its words
  std::optional<TextPlace> place = {};
};

// Named entities, in the order of the text.
struct Entities {
  std::vector<Entity> entities;
  std::vector<TaggedWord> words;  // all words of the text
};

struct AnswerSpan {
  std::string text;  // a part of the context; empty: there is no answer
  double score = 0;  // probability among the candidates
  TextPlace place;   // in the context
};

struct Answer : AnswerSpan {
  // Of models that may find no answer: the score of "no answer" less that of the best answer. Above the
  // threshold, "no answer" is the prediction.
  std::optional<double> null_odds = {};
  std::vector<AnswerSpan> candidates = {};  // as many as were asked for, the best first; empty for one
};

struct Choice {
  std::int64_t choice = 0;     // number of the most probable choice; of equals the first
  std::string text;            // its text
  double score = 0;            // its probability
  std::vector<double> scores;  // [choices]
};

struct WordGuess {
  std::string word;
  double score = 0;
  std::int32_t token_id = 0;
};

// Guesses for each mask of a text, in order, the most probable first.
struct Words {
  std::vector<std::vector<WordGuess>> masks;
};

// Whether the second text follows the first.
struct NextSentence {
  double is_next = 0;  // probability
};

// Of a text, by a model of sentence embeddings; of a pair of texts it predicts the Score of their cosine.
struct Embedding {
  std::vector<float> embedding;  // [hidden_size]
};

using Prediction =
    std::variant<Label, Labels, Score, Tags, Entities, Answer, Choice, Words, NextSentence, Embedding>;

// How many texts, or texts with a choice, were longer than the model reads, and of how many tokens it read
// nothing.
struct Truncated {
  std::int64_t inputs = 0, tokens = 0;
};

// One JSON object, as the program writes it but for what was asked. `labels`: the model's, of Label and
// Labels. Bytes that are not UTF-8 are written as U+FFFD.
BERTUNE_EXPORT std::string to_json(const Prediction& prediction, std::span<const std::string> labels);

}  // namespace bertune
