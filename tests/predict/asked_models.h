// A tiny random model for every head that answers, and inputs for it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "bertune/predictor.h"
#include "bertune/sentence_embedding.h"
#include "support/tiny_checkpoint.h"

namespace bertune::testing {

struct AskedHead {
  std::string name;
  Architecture architecture = Architecture::sequence_classification;
  std::vector<std::string> labels = {};
  std::optional<ProblemType> problem_type = {};
};

inline std::vector<AskedHead> asked_heads() {
  return {{"classes", Architecture::sequence_classification, {"bad", "fine", "good"}},
          {"several_labels",
           Architecture::sequence_classification,
           {"bad", "fine", "good"},
           ProblemType::multi_label_classification},
          {"number", Architecture::sequence_classification, {"LABEL_0"}, ProblemType::regression},
          {"entities", Architecture::token_classification, {"B-FILM", "I-FILM", "O"}},
          {"tags", Architecture::token_classification, {"ADJ", "NOUN", "VERB"}},
          {"answers", Architecture::question_answering},
          {"choices", Architecture::multiple_choice},
          {"masks", Architecture::masked_lm},
          {"next_sentence", Architecture::next_sentence_prediction},
          {"embeddings", Architecture::sentence_embedding}};
}

inline std::filesystem::path write_model(const std::filesystem::path& directory, const AskedHead& head) {
  write_tiny_checkpoint(directory);  // for its tokenizer
  BertConfig config = tiny_config();
  config.id2label = head.labels.empty() ? config.id2label : head.labels;
  config.problem_type = head.problem_type;
  BertPreTrainedModel::from_config(config, head.architecture, 7).save_weights(directory);
  if (head.architecture == Architecture::sentence_embedding)
    SentenceEmbeddingConfig{.normalize = true}.save(directory, config.hidden_size);
  std::ofstream(directory / "bertune.json") << R"({"doc_stride": 8})";
  return directory;
}

// Some shorter, some longer than the 40 tokens that the model reads.
inline std::vector<Input> inputs_for(const AskedHead& head, int count = 20) {
  std::vector<Input> inputs;
  for (int i = 0; i < count; ++i) {
    std::string text = "the film";
    for (int word = 0; word < i * 7 % 60; ++word) text += word % 3 == 0 ? " was not" : " good food.";
    Input& input = inputs.emplace_back();
    switch (head.architecture) {
      case Architecture::question_answering:
        input.question = i % 2 == 0 ? "was the food good" : "not";
        input.context = text;
        break;
      case Architecture::multiple_choice:
        input.question = "was it", input.context = i % 3 == 0 ? "" : text;
        input.choices = {"good", "bad, very bad", "fine"};
        break;
      case Architecture::masked_lm:
        input.text = (i % 2 == 0 ? "[MASK] was [MASK] " : "the [MASK] ") + text;
        break;
      case Architecture::next_sentence_prediction:
        input.text = text, input.text_pair = "the food was poor";
        break;
      default:
        input.text = text;
    }
  }
  return inputs;
}

inline std::vector<std::string> json_of(const Predictor& predictor,
                                        const std::vector<Prediction>& predictions) {
  std::vector<std::string> lines;
  for (const Prediction& one : predictions) lines.push_back(to_json(one, predictor.labels()));
  return lines;
}

}  // namespace bertune::testing
