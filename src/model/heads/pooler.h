// The first token's hidden state through dropout, a dense layer, its activation and dropout again, as the
// head of the family has it (Transformers' BertPooler, RobertaClassificationHead, ...).
#pragma once

#include <cstdint>

#include "bertune/config.h"
#include "checkpoint/family.h"
#include "kernels/arena.h"
#include "model/heads/head_activations.h"
#include "model/layers/tensor.h"

namespace bertune::model {

class LayoutBuilder;
class WeightViews;

class Pooler {
 public:
  Pooler(const BertConfig& config, const checkpoint::PooledHead& head) : config_(config), head_(head) {}

  void add_parameters(LayoutBuilder& layout) const;
  void bind(const WeightViews& views);
  void take_memory(PoolerActivations& activations, kernels::Arena& arena, std::int64_t sequences,
                   bool training) const;
  // Features [sequences,H] from the first tokens' hidden states [sequences,H], which backward reads again.
  const float* forward(const Pass& pass, const float* hidden, PoolerActivations& activations) const;
  // Computes d_hidden [sequences,H] from activations.d_pooled; null: not wanted.
  void backward(const Pass& pass, PoolerActivations& activations, float* d_hidden) const;

 private:
  // The two draw different numbers: layer 0 and 1 of one site.
  kernels::Dropout dropout_after(const Pass& pass) const {
    return pass.dropout(head_.dropout_after(config_), kernels::DropoutSite::pooled, 0);
  }
  kernels::Dropout dropout_before(const Pass& pass) const {
    return pass.dropout(head_.dropout_before(config_), kernels::DropoutSite::pooled, 1);
  }

  const BertConfig& config_;
  checkpoint::PooledHead head_;
  kernels::Activation activation_{};
  Linear dense_;
};

}  // namespace bertune::model
