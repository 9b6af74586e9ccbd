// A model to predict with: weights that never change, read by any number of threads at once, and a workspace
// for each of them.
//
//     const std::shared_ptr<const model::Weights> weights =
//         model::load_weights(folder, Architecture::sequence_classification);
//     model::Workspace workspace;  // one per thread
//     const ModelOutput output = model::run(*weights, batch, workspace);
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/lora.h"
#include "bertune/model.h"
#include "bertune/parameters.h"

namespace bertune::kernels {
struct Context;
}

namespace bertune::model {

class Encoder;
class Head;
class MergedWeights;
class PackedWeights;
struct EncoderWeights;

// A configuration, the head that it asks for, and how both see the values of some parameters: under names, in
// a packed copy that makes products of few rows fast, and merged with an adapter. Const once it is made, but
// in the model that trains it (BertPreTrainedModel).
class Weights {
 public:
  // Makes weights without values. Throws UsageError where the family has no such head.
  Weights(Architecture architecture, BertConfig config);
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;
  ~Weights();

  Architecture architecture() const { return architecture_; }
  const BertConfig& config() const { return config_; }
  const LoadReport& load_report() const { return report_; }
  const LoraConfig* lora() const { return lora_ ? &*lora_ : nullptr; }  // null without an adapter
  // Returns the bytes of memory: of the values, if it is these weights that keep them, and of all that was
  // made of them.
  std::size_t size_bytes() const;

  // The rest is for src/model.
  Head& head() { return *head_; }
  const Head& head() const { return *head_; }
  const EncoderWeights& encoder() const { return *encoder_; }
  std::uint64_t binding() const { return binding_; }  // another number each time, of any weights
  void set_load_report(LoadReport report) { report_ = std::move(report); }
  void set_lora(std::optional<LoraConfig> lora) { lora_ = std::move(lora); }
  // BertPreTrainedModel::set_float32_parts, from the next time on that the weights see values.
  void set_float32_parts(std::vector<std::string> parts);
  const std::vector<std::string>& float32_parts() const { return float32_parts_; }

  struct Use {
    bool training = false;  // with gradients of what is trainable
    Precision precision = Precision::fp32;
    bool operator==(const Use&) const = default;
  };
  // Sees the values as they are now, for evaluation: they live as long as the weights.
  void bind_snapshot(const Parameters& parameters, Precision precision);
  // Sees these parameters, which are to outlive the weights. Where it does already, only what has changed
  // since is made again.
  void refresh(Parameters& parameters, Use use);
  void outdate();  // the next refresh() makes all of it
  void pack();     // once more, for forward passes that come one after another with few tokens each

 private:
  void see(const Parameters& parameters, Parameters* gradients, Use use);

  Architecture architecture_;
  BertConfig config_;
  LoadReport report_;
  std::optional<LoraConfig> lora_;
  std::unique_ptr<Head> head_;
  Use use_;
  const float* values_ = nullptr;
  std::uint64_t version_ = 0, binding_ = 0;  // version_: Parameters::version() that all is made of
  std::shared_ptr<const float> owned_values_;
  std::size_t owned_count_ = 0;
  std::vector<std::string> float32_parts_;  // where the precision is int8
  std::unique_ptr<EncoderWeights> encoder_;
  std::unique_ptr<MergedWeights> merged_;
  std::unique_ptr<PackedWeights> packed_;
};

// The weights of a model folder, as BertPreTrainedModel::from_pretrained reads it, for evaluation. The values
// are in memory once, and the encoder's once more, packed.
std::shared_ptr<const Weights> load_weights(const std::filesystem::path& directory, Architecture architecture,
                                            const LoadOptions& options = {},
                                            Precision precision = Precision::fp32);

// Memory of one forward pass at a time: for one thread, and one after another for any weights. It grows to
// the largest batch and stays.
class Workspace {
 public:
  Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;
  ~Workspace();

  std::size_t size_bytes() const;
  // Sets what operations run with from the next pass on; by default what the calling thread uses. The table
  // must be one that the weights can have been packed by: of the same instruction set, or the reference.
  void set_context(const kernels::Context& context);

  // The rest is for src/model. With `training`, the pass draws dropout from there, and backward() may follow.
  ModelOutput forward(const Weights& weights, const Batch& batch, const DropoutState* training);
  // Computes the gradients for the weights of the last forward, as BertPreTrainedModel::backward() does.
  // Throws Error unless that was in training, with labels.
  void backward(const Weights& weights, Parameters& parameters, float scale,
                const GradientsReached& reached = {});
  Encoder& encoder();
  const Encoder& encoder() const;
  // Returns the bytes of activations that training on batches of up to this size takes.
  std::size_t measure(const Weights& weights, std::int64_t tokens, std::int64_t sequences) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Logits, and the loss when the batch has labels: in eval mode, without dropout. The output is lent: it lies
// in the workspace until its next pass. Throws Error when an id, a position or a label is out of range.
ModelOutput run(const Weights& weights, const Batch& batch, Workspace& workspace);

}  // namespace bertune::model
