// Inputs and predictions of a model, as values; report, server and files write them in their own form.
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

// An input to predict for. The head decides which members are read; the others stay empty.
struct Input {
  // The text, for classification, token classification, and masked language models, with a mask token in it
  // for each word to guess. For classification of pairs and next-sentence prediction it is the first text.
  std::string text;
  std::optional<std::string> text_pair = {};  // the second text, for a model of pairs
  std::vector<std::string> words = {};        // token classification: in place of a text
  std::string question = {}, context = {};    // question answering; multiple choice: the context may be empty
  std::vector<std::string> choices = {};      // multiple choice
};

// A place in a text, in code points and in bytes.
struct TextPlace {
  Span code_points, bytes;
};

// The window of a long text that says most for the prediction: it has the highest probability of the class,
// or of the most probable label, or the largest number.
struct DecidingWindow {
  std::int64_t index = 0, windows = 1;  // of so many, from 0
  double score = 0;                     // the probability or number of this window alone
  TextPlace place;
};

// The most probable class.
struct Label {
  std::string label;
  double score = 0;            // its probability
  std::vector<double> scores;  // [labels of the model], in the order of their ids
  // True where the score is below the least confidence that was asked for; unset without one. The label is
  // empty then.
  std::optional<bool> abstained = {};
  std::optional<DecidingWindow> window = {};  // of a text that was read in several
};

// All classes that are more probable than the threshold, in the order of their ids.
struct Labels {
  std::vector<std::string> labels;
  double score = 0;                           // the highest probability, whether above the threshold or not
  std::vector<double> scores;                 // [labels of the model]
  std::optional<DecidingWindow> window = {};  // of a text that was read in several
};

// The number of a regression, or how alike two texts are.
struct Score {
  double score = 0;
  std::optional<DecidingWindow> window = {};  // of a text that was read in several
};

struct TaggedWord {
  std::string text, tag;
  double score = 0;                     // probability of the tag; 0 of a word that gives no token
  std::optional<TextPlace> place = {};  // without one where words were given
};

// A tag for each word, from a model whose tags name no entities (parts of speech).
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
  // The score of "no answer" minus that of the best answer, for models that may find no answer. Above the
  // threshold, "no answer" is the prediction.
  std::optional<double> null_odds = {};
  std::vector<AnswerSpan> candidates = {};  // as many as were asked for, the best first; empty for one
};

struct Choice {
  std::int64_t choice = 0;     // number of the most probable choice; of equals the first
  std::string text;            // its text
  double score = 0;            // its probability
  std::vector<double> scores;  // [choices]
  // True where the score is below the least confidence that was asked for; unset without one. The choice is
  // -1 then, without a text.
  std::optional<bool> abstained = {};
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

// The probability that the second text follows the first.
struct NextSentence {
  double is_next = 0;  // probability
};

// The embedding of a text, from a model of sentence embeddings. For a pair of texts such a model predicts the
// Score of their cosine.
struct Embedding {
  std::vector<float> embedding;  // [hidden_size]
};

using Prediction =
    std::variant<Label, Labels, Score, Tags, Entities, Answer, Choice, Words, NextSentence, Embedding>;

// The number of inputs (texts, or texts with a choice) that were longer than the model reads, and of the
// tokens that it did not read.
struct Truncated {
  std::int64_t inputs = 0, tokens = 0;
};

// Returns one JSON object, as the program writes it, without the input. `labels` are the model's, for Label
// and Labels. Bytes that are not UTF-8 are written as U+FFFD.
BERTUNE_EXPORT std::string to_json(const Prediction& prediction, std::span<const std::string> labels);

}  // namespace bertune
