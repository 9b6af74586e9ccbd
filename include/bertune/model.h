// BertForSequenceClassification (Transformers' class of that name): BERT's encoder with a classifier over its
// pooled [CLS] vector, forward and backward.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/parameters.h"

namespace bertune {

struct LoadOptions {
  // What to make of the head; unset values keep what the checkpoint's config.json says.
  std::optional<std::int64_t> num_labels = {};
  std::vector<std::string> id2label = {};  // names, in id order; implies num_labels
  std::optional<ProblemType> problem_type = {};
  std::optional<float> hidden_dropout_prob = {}, attention_probs_dropout_prob = {}, classifier_dropout = {};
  bool ignore_mismatched_sizes = false;  // a head of another shape is newly initialised instead of an error
  std::uint64_t seed = 42;               // for newly initialised tensors
};

// What from_pretrained found, as Transformers reports it.
struct LoadReport {
  std::int64_t loaded = 0;  // tensors taken from the checkpoint
  std::vector<std::string>
      newly_initialized;                // not in the checkpoint: normal(0, initializer_range), biases zero
  std::vector<std::string> unexpected;  // in the checkpoint, not in the model
  std::vector<std::string> mismatched;  // of another shape, newly initialised on request
};

struct ModelOutput {
  float loss = 0;                 // mean over the batch; 0 without labels
  std::span<const float> logits;  // [sequences, num_labels]; valid until the next forward
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
Precision fastest_precision();  // bf16 where this processor multiplies it faster than f32

class BertForSequenceClassification {
 public:
  // Reads a Hugging Face folder (config.json with model.safetensors, its shards, or pytorch_model.bin).
  // Throws Error when a file is missing or broken, or a tensor has another shape than the configuration says.
  static BertForSequenceClassification from_pretrained(const std::filesystem::path& directory,
                                                       const LoadOptions& options = {});
  // Random weights, as Transformers initialises them.
  static BertForSequenceClassification from_config(const BertConfig& config, std::uint64_t seed = 42);

  BertForSequenceClassification(BertForSequenceClassification&&) noexcept;
  BertForSequenceClassification& operator=(BertForSequenceClassification&&) noexcept;
  ~BertForSequenceClassification();

  const BertConfig& config() const;
  const LoadReport& load_report() const;
  Parameters& parameters();
  const Parameters& parameters() const;

  void train();  // dropout on
  void eval();   // dropout off; to be called again when values have changed since the last forward
  bool training() const;
  // From the next forward on; fp32 until set.
  void set_precision(Precision in_train_mode, Precision in_eval_mode = Precision::fp32);
  DropoutState& dropout_state();  // its step advances with every forward in train mode

  // Logits, and the loss when the batch has labels. Throws Error when an id, a position or a label is out of
  // range.
  ModelOutput forward(const Batch& batch);
  // Adds the gradient of the last forward's loss, times `scale`, to parameters().gradients(). Throws Error
  // unless the last forward was in train mode with labels.
  void backward(float scale = 1.0F);

  // Replaces every weight by that of a folder that save_weights or save_pretrained wrote. Throws Error when
  // one is missing or of another shape.
  void load_weights(const std::filesystem::path& directory);

  // config.json and model.safetensors of a folder that AutoModelForSequenceClassification loads, written
  // atomically file by file into the existing folder `directory` (bertune::save_pretrained writes a whole
  // one).
  void save_weights(const std::filesystem::path& directory) const;

 private:
  struct Implementation;
  explicit BertForSequenceClassification(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// A whole folder, model and tokenizer, that Transformers loads unchanged; atomic: a crash leaves the old one.
void save_pretrained(const std::filesystem::path& directory, const BertForSequenceClassification& model,
                     const BertTokenizer& tokenizer);

}  // namespace bertune
