// BERT's encoder, or one of its relatives (ModelType), with one of the heads of Transformers
// (BertForSequenceClassification, ...), forward and backward.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/export.h"
#include "bertune/lora.h"
#include "bertune/loss.h"
#include "bertune/parameters.h"

namespace bertune {

namespace model {
class Weights;
}

struct LoadOptions {
  // What to make of the head; unset values keep what the checkpoint's config.json says.
  std::optional<std::int64_t> num_labels = {};
  std::vector<std::string> id2label = {};  // names, in id order; implies num_labels
  std::optional<ProblemType> problem_type = {};
  std::optional<float> hidden_dropout_prob = {}, attention_probs_dropout_prob = {}, classifier_dropout = {};
  bool ignore_mismatched_sizes = false;  // a head of another shape is newly initialised instead of an error
  std::uint64_t seed = 42;               // for newly initialised tensors
  std::optional<LoraConfig> lora = {};   // a new adapter, beside which all but the head is frozen
  // How sentence embeddings are made; unset: as the folder's own files say, or the mean over all tokens.
  std::optional<SentenceEmbeddingConfig> sentence_embedding = {};
  std::filesystem::path base = {};  // of a folder with an adapter: that of its base (base_of_adapter)
};

// What from_pretrained found, as Transformers reports it.
struct LoadReport {
  std::int64_t loaded = 0;  // tensors taken from the checkpoint
  std::vector<std::string>
      newly_initialized;                // not in the checkpoint: normal(0, initializer_range), biases zero
  std::vector<std::string> unexpected;  // in the checkpoint, not in the model
  std::vector<std::string> mismatched;  // of another shape, newly initialised on request
};

// What a head computes, and the labels that its loss takes (Batch). C is num_labels.
enum class Architecture {
  // pooled [CLS] to logits [sequences, C]; `labels` [sequences] or `targets` [sequences, C]
  sequence_classification,
  // every token to logits [tokens, C]; `labels` [tokens], -100 for tokens without one
  token_classification,
  // every token to a start and an end logit [tokens, 2]; `start_positions`, `end_positions` [sequences]
  question_answering,
  // pooled [CLS] of each choice, choices of one question being neighbours, to logits
  // [questions, num_choices]; `labels` [questions]
  multiple_choice,
  // pooled [CLS] of a pair to logits [sequences, 2], 0: is the next sentence; `labels` [sequences]
  next_sentence_prediction,
  // the vocabulary's logits [predictions, vocab_size], a row for each token whose entry in `labels` [tokens]
  // is not -100
  masked_lm,
  // masked_lm, and next_sentence_logits [sequences, 2]; `labels` and `next_sentence_labels` [sequences]
  pretraining,
  // every token to one embedding for each sequence [sequences, hidden_size] (SentenceEmbeddingConfig), in
  // `logits`. With labels, sequences 2i and 2i + 1 are a pair: `targets` [pairs] are the cosines that pairs
  // should have (sentence-transformers' CosineSimilarityLoss); or `labels` [pairs] say which pair's second
  // text each first text belongs to, and all other second texts do not (MultipleNegativesRankingLoss)
  sentence_embedding
};
BERTUNE_EXPORT std::string_view to_string(Architecture architecture);  // "BertForSequenceClassification", ...
// The class of Transformers for a family: "DistilBertForMaskedLM". Throws UsageError where it has no such
// head.
BERTUNE_EXPORT std::string class_name(ModelType type, Architecture architecture);
// From a class of any family. Throws Error, naming BERT's.
BERTUNE_EXPORT Architecture architecture_from_string(std::string_view name);

struct ModelOutput {
  // Mean over the batch (or its part of the mean: Batch::global_items); 0 without labels. Pre-training: the
  // sum of its two parts.
  float loss = 0;
  // As Architecture says. Lent: they lie in the model until its next forward.
  std::span<const float> logits, next_sentence_logits;
  float masked_lm_loss = 0, next_sentence_loss = 0;  // of language models: the parts
};

// Where dropout takes its random numbers: a function of (seed, step) and of the place of each number in the
// global batch, so that it does not depend on packing, threads or ranks.
struct DropoutState {
  std::uint64_t seed = 42;
  std::uint64_t step = 0;
};

// Of the matrix products of a pass. bf16: their inputs are rounded to 8 bits of mantissa; sums,
// weights, gradients, optimizer state and everything between the products stay f32 (as PyTorch's autocast,
// but for the weights of the head and the attention itself, which stay f32 too).
enum class Precision { fp32, bf16 };
BERTUNE_EXPORT Precision fastest_precision();  // bf16 where this processor multiplies it faster than f32
BERTUNE_EXPORT bool has_bf16_products();       // whether it multiplies bf16 at all; else it takes f32 for it

// Of the encoder in training. Its lowest layers are frozen where no parameter below some depth is trainable.
struct EncoderOptions {
  // Layers keep their inputs alone, and compute the rest once more in backward: the same bits from less
  // memory, in more time.
  bool gradient_checkpointing = false;
  bool frozen_eval_mode = false;  // no dropout in the frozen lowest layers, as after eval() of PyTorch's
  // As long as there is no dropout in them, what they give for a text is kept, up to so much, and computed
  // once: the same bits in less time.
  std::size_t frozen_cache_bytes = 0;
};

// How a model from nothing begins: as Transformers initialises it, or with heads that look at neighbouring
// tokens, which learns from less text (model/local_attention.h).
enum class Initialization { normal, local_attention };

class BERTUNE_EXPORT BertPreTrainedModel {
 public:
  // Reads a Hugging Face folder (config.json with model.safetensors, its shards, or pytorch_model.bin), or an
  // adapter and its base (bertune/lora.h), which may be on the hub.
  // Throws Error when a file is missing or broken, or a tensor has another shape than the configuration says.
  static BertPreTrainedModel from_pretrained(const std::filesystem::path& directory,
                                             Architecture architecture, const LoadOptions& options = {});
  // Random weights.
  static BertPreTrainedModel from_config(const BertConfig& config, Architecture architecture,
                                         std::uint64_t seed = 42,
                                         Initialization initialization = Initialization::normal);

  BertPreTrainedModel(BertPreTrainedModel&&) noexcept;
  BertPreTrainedModel& operator=(BertPreTrainedModel&&) noexcept;
  ~BertPreTrainedModel();

  Architecture architecture() const;
  const BertConfig& config() const;
  const LoadReport& load_report() const;
  Parameters& parameters();
  const Parameters& parameters() const;

  // Dropout on. To be called again after a change of what is trainable, or of frozen values.
  void train();
  void eval();  // dropout off
  bool training() const;
  void set_encoder_options(const EncoderOptions& options);  // from the next train() on
  const EncoderOptions& encoder_options() const;
  // Of a model with an adapter; null without. Its save_weights() and load_weights() are of the adapter alone.
  const LoraConfig* lora() const;
  void merge_lora();  // makes the adapter a part of the weights; all are trainable again

  // From the next forward on; fp32 until set.
  void set_precision(Precision in_train_mode, Precision in_eval_mode = Precision::fp32);
  DropoutState& dropout_state();  // its step advances with every forward in train mode

  // What the loss is from the next forward on, in train and in eval mode. Throws UsageError for options that
  // have no meaning for this head, or are out of range.
  void set_loss(const LossOptions& options);
  const LossOptions& loss_options() const;
  // What the loss of a batch with labels is a mean over: for Batch::global_items.
  LossItems loss_items(const Batch& batch) const;

  // Logits, and the loss when the batch has labels. Throws Error when an id, a position or a label is out of
  // range.
  ModelOutput forward(const Batch& batch);
  // Adds the gradient of the last forward's loss, times `scale`, to parameters().gradients(). Throws Error
  // unless the last forward was in train mode with labels.
  void backward(float scale = 1.0F);

  // The weights as they are now, for evaluation by many threads at once, with that precision. They share the
  // memory of the parameters, which these copy when they are next changed (Parameters::snapshot).
  std::shared_ptr<const model::Weights> share(Precision precision = Precision::fp32) const;

  // Replaces every weight by that of a folder that save_weights or save_pretrained wrote. Throws Error when
  // one is missing or of another shape.
  void load_weights(const std::filesystem::path& directory);

  // config.json and model.safetensors of a folder that Transformers' AutoModelFor... class loads (of sentence
  // embeddings AutoModel, and with the files that sentence-transformers needs besides), written
  // atomically file by file into the existing folder `directory` (bertune::save_pretrained writes a whole
  // one). Throws Error when a weight is beyond the range of `dtype`, naming its tensor.
  void save_weights(const std::filesystem::path& directory, SaveDtype dtype = SaveDtype::float32) const;

 private:
  struct Implementation;
  explicit BertPreTrainedModel(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

template <Architecture kArchitecture>
class BERTUNE_EXPORT BertFor : public BertPreTrainedModel {
 public:
  static BertFor from_pretrained(const std::filesystem::path& directory, const LoadOptions& options = {}) {
    return BertFor(BertPreTrainedModel::from_pretrained(directory, kArchitecture, options));
  }
  static BertFor from_config(const BertConfig& config, std::uint64_t seed = 42,
                             Initialization initialization = Initialization::normal) {
    return BertFor(BertPreTrainedModel::from_config(config, kArchitecture, seed, initialization));
  }

 private:
  explicit BertFor(BertPreTrainedModel&& model) : BertPreTrainedModel(std::move(model)) {}
};

using BertForSequenceClassification = BertFor<Architecture::sequence_classification>;
using BertForTokenClassification = BertFor<Architecture::token_classification>;
using BertForQuestionAnswering = BertFor<Architecture::question_answering>;
using BertForMultipleChoice = BertFor<Architecture::multiple_choice>;
using BertForNextSentencePrediction = BertFor<Architecture::next_sentence_prediction>;
using BertForMaskedLM = BertFor<Architecture::masked_lm>;
using BertForPreTraining = BertFor<Architecture::pretraining>;
using BertForSentenceEmbedding = BertFor<Architecture::sentence_embedding>;

// The files of a tokenizer for this model into an existing folder: its longest text, and whether it takes
// token types.
BERTUNE_EXPORT void save_tokenizer(const std::filesystem::path& directory, const BertTokenizer& tokenizer,
                                   const BertConfig& config);

// A whole folder, model and tokenizer, that Transformers loads unchanged; atomic: a crash leaves the old one.
BERTUNE_EXPORT void save_pretrained(const std::filesystem::path& directory, const BertPreTrainedModel& model,
                                    const BertTokenizer& tokenizer, SaveDtype dtype = SaveDtype::float32);

}  // namespace bertune
