// BERT's encoder, or that of a related model family (ModelType), with one of the heads of Transformers
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
  // Settings of the head and its dropout; unset values keep those of the checkpoint's config.json.
  std::optional<std::int64_t> num_labels = {};
  std::vector<std::string> id2label = {};  // names, in id order; implies num_labels
  std::optional<ProblemType> problem_type = {};
  std::optional<float> hidden_dropout_prob = {}, attention_probs_dropout_prob = {}, classifier_dropout = {};
  bool ignore_mismatched_sizes = false;  // a head of another shape is newly initialized instead of an error
  std::uint64_t seed = 42;               // for newly initialized tensors
  std::optional<LoraConfig> lora = {};   // a new adapter, beside which all but the head is frozen
  // The pooling of sentence embeddings; unset: as the folder's own files say, or the mean over all tokens.
  std::optional<SentenceEmbeddingConfig> sentence_embedding = {};
  std::filesystem::path base = {};  // of a folder with an adapter: that of its base (base_of_adapter)
};

// The result of from_pretrained, as Transformers reports it.
struct LoadReport {
  std::int64_t loaded = 0;  // tensors taken from the checkpoint
  std::vector<std::string>
      newly_initialized;                // not in the checkpoint: normal(0, initializer_range), biases zero
  std::vector<std::string> unexpected;  // in the checkpoint, not in the model
  std::vector<std::string> mismatched;  // of another shape, newly initialized on request
};

// The heads: what each computes, and the labels that its loss needs (Batch). C is num_labels.
enum class Architecture {
  // pooled [CLS] to logits [sequences, C]; `labels` [sequences] or `targets` [sequences, C]
  sequence_classification,
  // every token to logits [tokens, C]; `labels` [tokens], -100 for tokens without one
  token_classification,
  // every token to a start and an end logit [tokens, 2]; `start_positions`, `end_positions` [sequences]
  question_answering,
  // pooled [CLS] of each choice, choices of one question being neighbors, to logits
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
  // text each first text belongs to, and all other second texts do not (MultipleNegativesRankingLoss). Or
  // `targets` [sequences, sequences], symmetric, are the cosines of each two texts of the batch
  sentence_embedding
};
BERTUNE_EXPORT std::string_view to_string(Architecture architecture);  // "BertForSequenceClassification", ...
// Returns the class of Transformers for a family: "DistilBertForMaskedLM". Throws UsageError if the family
// has no such head.
BERTUNE_EXPORT std::string class_name(ModelType type, Architecture architecture);
// Returns the architecture of a class name of any family. Throws Error, naming BERT's classes, for an unknown
// one.
BERTUNE_EXPORT Architecture architecture_from_string(std::string_view name);

struct ModelOutput {
  // The mean loss over the batch (or its part of the global batch's mean: Batch::global_items); 0 without
  // labels. Pre-training: the sum of both losses below.
  float loss = 0;
  // The logits, in the shapes that Architecture gives. They are views into the model and valid until its next
  // forward.
  std::span<const float> logits, next_sentence_logits;
  float masked_lm_loss = 0, next_sentence_loss = 0;  // of language models: the parts
};

// The state of dropout's random numbers, which are a function of (seed, step) and of the place of each
// element in the global batch: they do not depend on packing, threads or ranks.
struct DropoutState {
  std::uint64_t seed = 42;
  std::uint64_t step = 0;
};

// The data type of matrix multiplications in a pass. bf16: their inputs are rounded to 8 bits of mantissa;
// sums, weights, gradients, optimizer state and everything between the multiplications stay f32 (as in
// PyTorch's autocast, except that the weights of the head and the attention itself stay f32 too).
//
// int8, in eval mode alone: each row of an input (a token) and each output's weights are rounded to integers
// of at most 127 by a scale of their own (dynamic quantization, per token and per channel); sums are exact.
// The weights of the head, the embeddings and all between the multiplications stay f32.
enum class Precision { fp32, bf16, int8 };
BERTUNE_EXPORT Precision fastest_precision();  // bf16 where this processor multiplies it faster than f32
BERTUNE_EXPORT bool has_bf16_products();       // whether it multiplies bf16 at all; else f32 is used instead

// Settings of the encoder in training. Its lowest layers are frozen if no parameter below some depth is
// trainable.
struct EncoderOptions {
  // Layers keep only their inputs and compute the rest again in backward: bit-identical results with less
  // memory, in more time.
  bool gradient_checkpointing = false;
  bool frozen_eval_mode = false;  // no dropout in the frozen lowest layers, as after eval() of PyTorch's
  // The most bytes of outputs of the frozen lowest layers to keep, one output per text, if they have no
  // dropout: each is computed once, with bit-identical results in less time.
  std::size_t frozen_cache_bytes = 0;
};

// The initialization of a new model: as in Transformers, or with heads that look at neighboring tokens, which
// learns from less text (model/local_attention.h).
enum class Initialization { normal, local_attention };

// A classifier whose logits are weight · u + bias. u [hidden_size] is the mean of a text's last hidden
// states, special tokens included, moved to a mean of zero over its elements and scaled to the length 1. It
// is an ordinary model of its family, which Transformers computes too: one more layer of the encoder, whose
// attention is uniform, takes the mean.
struct MeanPooledClassifier {
  std::vector<std::string> id2label = {};
  ProblemType problem_type = ProblemType::single_label_classification;
  std::vector<float> weight = {}, bias = {};  // [num_labels, hidden_size], [num_labels]
};

class BERTUNE_EXPORT BertPreTrainedModel {
 public:
  // Reads a Hugging Face folder (config.json with model.safetensors, its shards, or pytorch_model.bin), or an
  // adapter and its base (bertune/lora.h), which may be on the Hub. Throws Error if a file is missing or
  // broken, or a tensor has another shape than the configuration says.
  static BertPreTrainedModel from_pretrained(const std::filesystem::path& directory,
                                             Architecture architecture, const LoadOptions& options = {});
  // Makes a model with random weights, a function of the configuration, `seed` and `initialization`. Throws
  // Error for sizes that do not fit together, and UsageError for a head that the family lacks.
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

  // Turns dropout on. Requires: call it again after a change of what is trainable, or of frozen values.
  void train();
  void eval();  // dropout off
  bool training() const;
  void set_encoder_options(const EncoderOptions& options);  // from the next train() on
  const EncoderOptions& encoder_options() const;
  // Returns the configuration of the model's adapter, or null if it has none. With an adapter, save_weights()
  // and load_weights() concern the adapter alone.
  const LoraConfig* lora() const;
  void merge_lora();  // makes the adapter a part of the weights; all are trainable again
  // Returns a classifier (sequence_classification) on this model's encoder that is linear in the mean of its
  // last hidden states (MeanPooledClassifier). Throws Error where the numbers do not fit, or for a model with
  // an adapter.
  BertPreTrainedModel mean_pooled_classifier(const MeanPooledClassifier& classifier) const;

  // Sets the data type of matrix multiplications from the next forward on; it is fp32 until set.
  void set_precision(Precision in_train_mode, Precision in_eval_mode = Precision::fp32);
  // Sets the parts of the encoder whose multiplications stay f32 when the precision is int8, by the names
  // that encoder_parts() gives; none until set. Throws Error for another name.
  void set_float32_parts(std::vector<std::string> parts);
  // Returns the names of the encoder's linear layers: "encoder.layer.3.attention.self" (query, key and
  // value),
  // ".attention.output", ".intermediate" and ".output" of each layer.
  std::vector<std::string> encoder_parts() const;
  DropoutState& dropout_state();  // its step advances with every forward in train mode

  // Sets the options of the loss from the next forward on, in train and in eval mode. Throws UsageError for
  // options that have no meaning for this head, or are out of range.
  void set_loss(const LossOptions& options);
  const LossOptions& loss_options() const;
  // Returns the denominators of the mean losses of a batch with labels, for Batch::global_items.
  LossItems loss_items(const Batch& batch) const;

  // Returns the bytes of activations that training on batches of up to this many tokens and sequences takes.
  // In train mode, before or after the first batch.
  std::size_t activation_bytes(std::int64_t tokens, std::int64_t sequences) const;

  // Returns logits, and the loss if the batch has labels. Throws Error if an id, a position or a label is out
  // of range. Threads: one call at a time per model; share() serves many.
  ModelOutput forward(const Batch& batch);
  // Adds the gradient of the last forward's loss, times `scale`, to parameters().gradients(). Throws Error
  // unless the last forward was in train mode with labels. `reached`, where it is given, is called after the
  // head, after each layer, and after the embeddings.
  void backward(float scale = 1.0F, const GradientsReached& reached = {});

  // Returns the weights as they are now, with the data type of multiplications, for evaluation by many
  // threads at once. They share the memory of the parameters, which copy it when they are next changed
  // (Parameters::snapshot).
  std::shared_ptr<const model::Weights> share(Precision precision = Precision::fp32) const;

  // Replaces every weight by that of a folder written by save_weights or save_pretrained. Throws Error if one
  // is missing or of another shape.
  void load_weights(const std::filesystem::path& directory);

  // Writes config.json and model.safetensors of a folder that Transformers' AutoModelFor... class loads (for
  // sentence embeddings AutoModel, with the additional files that sentence-transformers needs), atomically
  // file by file, into the existing folder `directory` (bertune::save_pretrained writes a whole one). Throws
  // Error, naming the tensor, if a weight is beyond the range of `dtype`.
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

// Writes the files of a tokenizer for this model into an existing folder, with the model's longest text and
// whether it has token types. Throws Error if a file cannot be written.
BERTUNE_EXPORT void save_tokenizer(const std::filesystem::path& directory, const BertTokenizer& tokenizer,
                                   const BertConfig& config);

// Writes a whole folder, model and tokenizer, that Transformers loads unchanged. It is atomic: a crash leaves
// the old folder. Throws as save_weights and save_tokenizer do.
BERTUNE_EXPORT void save_pretrained(const std::filesystem::path& directory, const BertPreTrainedModel& model,
                                    const BertTokenizer& tokenizer, SaveDtype dtype = SaveDtype::float32);

}  // namespace bertune
