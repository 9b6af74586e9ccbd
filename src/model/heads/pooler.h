// The first token's hidden state through dropout, a dense layer, its activation and dropout again, as the
// head of the family has it (Transformers' BertPooler, RobertaClassificationHead, ...).
#pragma once

#include <cstdint>

#include "bertune/config.h"
#include "bertune/parameters.h"
#include "checkpoint/family.h"
#include "core/arena.h"
#include "model/layers/tensor.h"

namespace bertune::model {

class LayoutBuilder;

class Pooler {
 public:
  Pooler(const BertConfig& config, const checkpoint::PooledHead& head) : config_(config), head_(head) {}

  void add_parameters(LayoutBuilder& layout) const;
  void bind(Parameters& parameters, bool with_gradients);
  void take_memory(Arena& arena, std::int64_t sequences, bool training);
  // Features [sequences,H] from the first tokens' hidden states [sequences,H], which backward reads again.
  const float* forward(const Pass& pass, const float* hidden);
  // Where the gradient of the features goes before backward() [sequences,H].
  float* output_gradient() { return d_pooled_; }
  // d_hidden [sequences,H]; null: not wanted
  void backward(const Pass& pass, float* d_hidden);

 private:
  // The two draw different numbers: layer 0 and 1 of one site.
  kernels::Dropout dropout_after(const Pass& pass) const {
    return pass.dropout(head_.dropout_after(config_), kernels::DropoutSite::pooled, 0);
  }
  kernels::Dropout dropout_before(const Pass& pass) const {
    return pass.dropout(head_.dropout_before(config_), kernels::DropoutSite::pooled, 1);
  }
  kernels::Activation activation() const {
    return kernels::activation_from_string(head_.activation(config_));
  }

  const BertConfig& config_;
  checkpoint::PooledHead head_;
  Linear dense_;
  const float* input_ = nullptr;                  // of the dense layer [sequences,H]
  float* dropped_input_ = nullptr;                // where it is not the hidden state
  float* dense_output_ = nullptr;                 // before the activation
  float *pooled_ = nullptr, *dropped_ = nullptr;  // [sequences,H]
  float *d_pooled_ = nullptr, *partial_sums_ = nullptr;
};

}  // namespace bertune::model
