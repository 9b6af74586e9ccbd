// The first token's hidden state through a dense layer and tanh (Transformers' BertPooler), then dropout.
#pragma once

#include <cstdint>

#include "bertune/config.h"
#include "bertune/parameters.h"
#include "core/arena.h"
#include "model/tensor.h"

namespace bertune::model {

class LayoutBuilder;

class Pooler {
 public:
  // `dropout`: the probability in training.
  Pooler(const BertConfig& config, float dropout) : config_(config), dropout_(dropout) {}

  void add_parameters(LayoutBuilder& layout) const;
  void bind(Parameters& parameters, bool with_gradients);
  void take_memory(Arena& arena, std::int64_t sequences, bool training);
  // Features [sequences,H] from the first tokens' hidden states [sequences,H], which backward reads again.
  const float* forward(const Pass& pass, const float* hidden);
  // Where the gradient of the features goes before backward() [sequences,H].
  float* output_gradient() { return d_pooled_; }
  // d_hidden [sequences,H]
  void backward(const Pass& pass, float* d_hidden);

 private:
  kernels::Dropout dropout(const Pass& pass) const {
    return pass.dropout(dropout_, kernels::DropoutSite::pooled, 0);
  }

  const BertConfig& config_;
  float dropout_;
  Linear dense_;
  const float* hidden_ = nullptr;
  float* dense_output_ = nullptr;                 // before tanh
  float *pooled_ = nullptr, *dropped_ = nullptr;  // [sequences,H]
  float *d_pooled_ = nullptr, *partial_sums_ = nullptr;
};

}  // namespace bertune::model
