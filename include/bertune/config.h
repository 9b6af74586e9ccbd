// BertConfig contains the settings of a checkpoint's config.json (Transformers' BertConfig, same names and
// defaults), for BERT and for the model families that are BERT inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"
#include "bertune/sentence_embedding.h"

namespace bertune {

// "model_type" in config.json: the families of models that this library knows. docs/checkpoints.md says how
// they differ.
enum class ModelType { bert, distilbert, roberta, xlm_roberta, electra };

BERTUNE_EXPORT std::string_view to_string(ModelType type);  // "bert", "distilbert", "xlm-roberta", ...
BERTUNE_EXPORT ModelType model_type_from_string(std::string_view name);  // throws Error, naming the choices

// The kind of labels, which decides the loss: MSE, cross-entropy, or binary cross-entropy per label.
enum class ProblemType { regression, single_label_classification, multi_label_classification };

BERTUNE_EXPORT std::string_view to_string(ProblemType type);
BERTUNE_EXPORT ProblemType
problem_type_from_string(std::string_view name);  // throws Error, naming the choices

// The data type of a saved model's weights, named as in torch. The 16-bit types round: float16 to 11 bits of
// mantissa up to 65504, bfloat16 to 8 bits in the range of float32.
enum class SaveDtype { float32, float16, bfloat16 };

BERTUNE_EXPORT std::string_view to_string(SaveDtype dtype);
BERTUNE_EXPORT SaveDtype
save_dtype_from_string(std::string_view name);  // throws UsageError, naming the choices

inline constexpr std::int64_t kNoPadToken = -1;  // config.json says "pad_token_id": null

// The names are BERT's for all families: what DistilBERT calls "dim" is hidden_size.
struct BERTUNE_EXPORT BertConfig {
  ModelType model_type = ModelType::bert;
  std::int64_t vocab_size = 30522;
  std::int64_t hidden_size = 768;
  std::int64_t num_hidden_layers = 12;
  std::int64_t num_attention_heads = 12;
  std::int64_t intermediate_size = 3072;
  std::int64_t max_position_embeddings = 512;
  std::int64_t type_vocab_size = 2;                 // 0: the family knows no token types
  std::optional<std::int64_t> embedding_size = {};  // ELECTRA's; unset: hidden_size
  std::int64_t pad_token_id = 0;  // its embedding row gets no gradient; kNoPadToken: there is none
  std::string hidden_act = "gelu";
  float hidden_dropout_prob = 0.1F;
  float attention_probs_dropout_prob = 0.1F;
  std::optional<float> classifier_dropout;  // unset: hidden_dropout_prob. DistilBERT's seq_classif_dropout
  float qa_dropout = 0;                     // DistilBERT's, before the layer that finds answers
  std::string summary_activation = "gelu";  // ELECTRA's, for multiple choice
  float summary_last_dropout = 0.1F;
  bool sinusoidal_pos_embds = false;  // DistilBERT's: how the position table of a new model begins
  bool tie_word_embeddings = true;    // whether masked language models decode with the word embeddings
  float initializer_range = 0.02F;
  float layer_norm_eps = 1e-12F;
  std::optional<ProblemType> problem_type;
  std::vector<std::string> id2label = {"LABEL_0", "LABEL_1"};  // one name per label; its size is num_labels

  SentenceEmbeddingConfig sentence_embedding = {};  // for models with that head; in files of its own

  std::int64_t num_labels() const { return static_cast<std::int64_t>(id2label.size()); }
  std::int64_t head_size() const { return hidden_size / num_attention_heads; }
  std::int64_t embedding_width() const { return embedding_size.value_or(hidden_size); }
  // Returns the row of the position table at which a sequence begins: RoBERTa's positions come after that of
  // padding.
  std::int64_t first_position() const;
  // Returns the most tokens that a sequence may have: what remains of max_position_embeddings.
  std::int64_t max_length() const { return max_position_embeddings - first_position(); }

  // Returns a configuration of this family with the defaults that Transformers has for it.
  static BertConfig of(ModelType type);
  // Reads DIR/config.json. Throws Error, naming the key, if the file is missing, has an unknown model_type,
  // or holds values that cannot be (sizes below 1, heads that do not divide the width, an unknown
  // hidden_act). Without id2label there are `num_labels` labels (2 if that is missing too), called LABEL_0,
  // LABEL_1, ...
  static BertConfig from_pretrained(const std::filesystem::path& directory);
  // Parses the text of a config.json; `where` names it in errors. Throws as from_pretrained does.
  static BertConfig from_json(std::string_view json, const std::string& where);
  // Returns the text of a config.json that Transformers 4 and 5 load; `architecture` is such as
  // "BertForSequenceClassification". Keys of the original configuration that Bertune does not know are kept,
  // except those that would be wrong for the saved weights (torch_dtype, quantization_config, _name_or_path,
  // auto_map).
  std::string to_json(std::string_view architecture, SaveDtype dtype = SaveDtype::float32) const;

  std::string source_json = "{}";  // as read, so that unknown keys survive a save
};

}  // namespace bertune
