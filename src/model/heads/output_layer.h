// The last linear layer of a head: from features to logits, and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "bertune/config.h"
#include "kernels/arena.h"
#include "model/heads/head_activations.h"
#include "model/layers/tensor.h"

namespace bertune::model {

class LayoutBuilder;
class WeightViews;

class OutputLayer {
 public:
  // Makes a layer from hidden_size features to `outputs`. `name` is that of its tensors, without ".weight"
  // and ".bias". `name` is that of its tensors, without ".weight" and ".bias".
  OutputLayer(const BertConfig& config, std::string name, std::int64_t outputs)
      : name_(std::move(name)), in_(config.hidden_size), outputs_(outputs) {}

  void add_parameters(LayoutBuilder& layout) const;
  void bind(const WeightViews& views);
  void take_memory(OutputActivations& activations, kernels::Arena& arena, std::int64_t rows,
                   bool training) const;

  // Logits [rows, outputs] of features [rows, in], which backward reads again.
  std::span<const float> forward(const Pass& pass, std::int64_t rows, const float* features,
                                 OutputActivations& activations) const;
  // Computes, from activations.d_logits, which it scales, d_features [rows, in] (overwritten; null: not
  // wanted) and the gradients of the weights.
  void backward(const Pass& pass, std::int64_t rows, float scale, OutputActivations& activations,
                float* d_features) const;

 private:
  std::string name_;
  std::int64_t in_, outputs_;
  Linear linear_;
};

}  // namespace bertune::model
