// The files that make a model, besides config.json.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>

namespace bertune {

// Files of weights, in the order in which Transformers looks for them.
inline constexpr std::array kWeightFiles = {"model.safetensors", "pytorch_model.bin"};
inline constexpr std::array kAdapterFiles = {"adapter_config.json", "adapter_model.safetensors"};
// Files of tokenizers: which have tokenizer.json, a word a line, or a vocabulary with its merges.
inline constexpr std::array kTokenizerFiles = {"tokenizer.json", "tokenizer_config.json",
                                               "special_tokens_map.json", "added_tokens.json"};
inline constexpr const char* kWordFile = "vocab.txt";
inline constexpr std::array kPairFiles = {"vocab.json", "merges.txt"};
// Files of the sentence-transformers package; the last by convention.
inline constexpr std::array kSentenceFiles = {"modules.json", "sentence_bert_config.json",
                                              "config_sentence_transformers.json", "1_Pooling/config.json"};
inline constexpr const char* kSettingsFile = "bertune.json";  // Bertune's own, of models that it trained

// Files of what was measured of a model; predictions do not depend on them.
inline constexpr std::array kResultFiles = {"predictions.json", "predictions.safetensors", "report.json",
                                            "report.html"};

// The files of a model or of an adapter, and of what it said of its test rows: one that is not in a new
// folder belongs to the old folder's model, and would be taken for the new one's.
std::span<const char* const> model_files();
bool is_model_file(const std::filesystem::path& name);

// Returns whether what a model answers depends on a file of its folder: all of these, config.json, and shards
// of weights.
bool decides_predictions(const std::filesystem::path& file);

// Removes the model from a folder, so that what was measured of it stays: all of these but results, and
// config.json.
void remove_model(const std::filesystem::path& folder);

// Returns a hash of all of these in the folder, each of which is read once; and in that of an adapter's base,
// if it is not empty.
std::uint64_t hash_of_model(const std::filesystem::path& folder, const std::filesystem::path& base = {});

// Returns whether there are weights in the folder, of a model or of an adapter.
bool holds_weights(const std::filesystem::path& folder);

// The later the file, the more is said by its being there: a folder without its configuration is no model
// yet, and a manifest is there only with all that it names.
int order_of(const std::filesystem::path& file);

}  // namespace bertune
