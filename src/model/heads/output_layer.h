// The last linear layer of a head: from features to logits, and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "bertune/config.h"
#include "bertune/parameters.h"
#include "core/arena.h"
#include "model/layers/tensor.h"

namespace bertune::model {

class LayoutBuilder;

class OutputLayer {
 public:
  // From hidden_size features. `name` is that of its tensors, without ".weight" and ".bias".
  OutputLayer(const BertConfig& config, std::string name, std::int64_t outputs)
      : type_(config.model_type), name_(std::move(name)), in_(config.hidden_size), outputs_(outputs) {}

  void add_parameters(LayoutBuilder& layout) const;
  void bind(Parameters& parameters, bool with_gradients);
  void take_memory(Arena& arena, std::int64_t rows, bool training);

  // Logits [rows, outputs] of features [rows, in], which backward reads again.
  std::span<const float> forward(std::int64_t rows, const float* features);
  const float* logits() const { return logits_; }
  // Where the gradient of the logits goes before backward() [rows, outputs].
  float* output_gradient() { return d_logits_; }
  // d_features [rows, in] (overwritten; null: not wanted), times `scale`, as are the gradients that it adds
  // to the weights'.
  void backward(std::int64_t rows, float scale, float* d_features);

 private:
  ModelType type_;
  std::string name_;
  std::int64_t in_, outputs_;
  Linear linear_;
  const float* features_ = nullptr;
  float *logits_ = nullptr, *d_logits_ = nullptr;
};

}  // namespace bertune::model
