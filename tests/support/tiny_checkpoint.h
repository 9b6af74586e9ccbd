// A BERT small enough to train in a test: random weights and a vocabulary of letters and a few words.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/model.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

inline std::vector<std::string> tiny_vocabulary() {
  std::vector<std::string> pieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good",
                                     "bad",   "fine",  "poor",  "film",  "food",   "the",
                                     "was",   "very",  "not",   "##s",   ".",      ","};
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    pieces.emplace_back(1, letter);
    pieces.push_back(std::string("##") + letter);
  }
  return pieces;
}

inline BertConfig tiny_config() {
  BertConfig config;
  config.vocab_size = static_cast<std::int64_t>(tiny_vocabulary().size());
  config.hidden_size = 32;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 4;
  config.intermediate_size = 64;
  config.max_position_embeddings = 40;
  config.initializer_range = 0.1F;
  return config;
}

// The same sizes in another family of models.
inline BertConfig tiny_config(ModelType type) {
  const BertConfig sizes = tiny_config();
  BertConfig config = BertConfig::of(type);
  config.vocab_size = sizes.vocab_size, config.hidden_size = sizes.hidden_size;
  config.num_hidden_layers = sizes.num_hidden_layers;
  config.num_attention_heads = sizes.num_attention_heads;
  config.intermediate_size = sizes.intermediate_size;
  config.max_position_embeddings = sizes.max_position_embeddings;
  config.initializer_range = sizes.initializer_range;
  if (config.embedding_size) config.embedding_size = 20;
  return config;
}

// Writes a checkpoint folder without tokenizer.json, as old ones are.
inline std::filesystem::path write_tiny_checkpoint(const std::filesystem::path& directory,
                                                   const BertConfig& config = tiny_config()) {
  std::filesystem::create_directories(directory);
  BertForSequenceClassification::from_config(config).save_weights(directory);
  std::ofstream vocabulary(directory / "vocab.txt");
  for (const std::string& piece : tiny_vocabulary()) vocabulary << piece << '\n';
  std::ofstream(directory / "tokenizer_config.json") << R"({"do_lower_case": true})";
  return directory;
}

// Sentences whose label their words decide: learnable in a few epochs. `n` rows with a header text,label.
inline std::string tiny_dataset(int n, int offset = 0) {
  static const char* const kSubjects[] = {"film", "food", "story", "room", "band", "soup", "plot", "staff"};
  static const char* const kTails[] = {"", " very", " quite", " really", " so", " rather", " just", " oddly"};
  std::string csv = "text,label\n";
  for (int i = 0; i < n; ++i) {
    const int k = i + offset;
    const bool positive = k % 2 == 0;
    const std::string word = positive ? (k % 4 == 0 ? "good" : "fine") : (k % 4 == 1 ? "bad" : "poor");
    csv += std::string("the ") + kSubjects[k / 2 % 8] + " was" + kTails[k / 16 % 8] + " " + word + " " +
           std::string(1, static_cast<char>('a' + k / 128 % 26)) + "," +
           (positive ? "positive" : "negative") + "\n";
  }
  return csv;
}

}  // namespace bertune::testing
