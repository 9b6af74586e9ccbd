#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

void add_bias(const AddBias& op);
void column_sums(const ColumnSums& op);
void embedding_forward(const EmbeddingForward& op);
void embedding_backward(const EmbeddingBackward& op);
void layer_norm_forward(const LayerNormForward& op);
void layer_norm_backward(const LayerNormBackward& op);
void gather_rows(const ChosenRows& op);
void add_to_rows(const ChosenRows& op);
void dropout_rows(const DropoutRows& op);

// sums[c] += partial_sums[block * stride + c] over the blocks, in order.
void add_partial_sums(const float* partial_sums, std::int64_t blocks, std::int64_t stride, std::int64_t n,
                      float* sums);

}  // namespace bertune::kernels::BERTUNE_ISA
