// The differences among the model families that are BERT inside, as data: the keys of their config.json, the
// names of their tensors, their heads, and the few things that they compute differently (Transformers'
// modeling_distilbert.py, modeling_roberta.py, modeling_electra.py). All code that reads them knows no family
// by name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/config.h"

namespace bertune::checkpoint {

// The keys of config.json for the fields of BertConfig; nullptr where the family has none.
struct ConfigKeys {
  const char* hidden_size = "hidden_size";
  const char* num_hidden_layers = "num_hidden_layers";
  const char* num_attention_heads = "num_attention_heads";
  const char* intermediate_size = "intermediate_size";
  const char* hidden_act = "hidden_act";
  const char* hidden_dropout_prob = "hidden_dropout_prob";
  const char* attention_probs_dropout_prob = "attention_probs_dropout_prob";
  const char* classifier_dropout = "classifier_dropout";
  const char* type_vocab_size = "type_vocab_size";
  const char* layer_norm_eps = "layer_norm_eps";
  const char* embedding_size = nullptr;
  const char* qa_dropout = nullptr;
  const char* sinusoidal_pos_embds = nullptr;
  bool summary = false;  // summary_type, summary_activation, ...
};

// A part of a tensor's name: BERT's, and this family's.
struct Rename {
  std::string_view from, to;
};

// A setting of a head, read from the configuration.
using Probability = float (*)(const BertConfig&);
using ActivationName = std::string_view (*)(const BertConfig&);

// The layers from the first token's hidden state to logits: dropout, a dense layer, its activation, dropout,
// and the output layer. Names are of tensors, without ".weight".
struct PooledHead {
  std::string_view dense, output;
  ActivationName activation;
  Probability dropout_before, dropout_after;
};

struct Family {
  std::string_view name;          // "model_type" in config.json
  std::string_view class_prefix;  // of Transformers' classes: "DistilBert" of DistilBertForMaskedLM
  std::string_view prefix;        // of the encoder's tensors: "distilbert."
  std::span<const Rename> names;  // of parts, in the order in which they are replaced
  std::span<const Rename> tied;   // copies of other tensors, and which
  ConfigKeys keys;
  BertConfig (*defaults)();
  std::string_view other_keys;  // of config.json, a JSON object: what Transformers writes and nothing reads
  bool positions_after_padding = false;  // RoBERTa's: pad_token_id + 1, ...
  bool dropout_after_attention = true;   // between its output and the residual sum
  PooledHead sequence_classification, multiple_choice;
  Probability token_classification_dropout;
  ActivationName masked_lm_activation;           // nullptr: it has no masked language model
  std::optional<PooledHead> next_sentence = {};  // and with it pre-training
};

const Family& family_of(ModelType type);
inline const Family& family_of(const BertConfig& config) { return family_of(config.model_type); }
// Returns nothing for an unknown name.
std::optional<ModelType> find_model_type(std::string_view name);
std::vector<std::string> model_types();  // their names

}  // namespace bertune::checkpoint
