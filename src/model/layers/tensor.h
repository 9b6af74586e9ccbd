// A parameter as a layer sees it, and the layers' common step: a linear map.
#pragma once

#include <cstdint>

#include "bertune/parameters.h"
#include "kernels/ops.h"

namespace bertune::model {

struct Tensor {
  float* value = nullptr;
  float* gradient = nullptr;  // null where none is wanted: outside of training, and of what is frozen
};

// What a weight [out,in] is changed by, scale · b · a, where it is itself frozen (bertune/lora.h).
struct LowRank {
  Tensor a, b;            // [rank,in], [out,rank]
  std::int64_t rank = 0;  // 0: there is none
  float scale = 1;
};

// y = x · weightᵀ + bias; weight is [out, in], as in the checkpoint. The bias is added by whatever follows.
// The products are returned, not made: an operation can start with one (kernels/ops.h, `producer`).
struct Linear {
  Tensor weight, bias;  // the weight with its change by low_rank, once merged (model/adapters/lora.h)
  std::int64_t in = 0, out = 0;
  bool bf16 = false;
  LowRank low_rank = {};
  const float* packed = nullptr;  // the weight as kernels::OpTable::pack_b leaves it for output(), or null

  // y[rows,out] = x[rows,in] · weightᵀ
  kernels::Matmul output(std::int64_t rows, const float* x, float* y) const;
  // dx[rows,in] (+)= dy[rows,out] · weight
  kernels::Matmul input_gradient(std::int64_t rows, const float* dy, float* dx, bool accumulate) const;
  // weight.gradient += dyᵀ · x, or what of it reaches low_rank; dy has the row stride `ldy`. `scratch`: of
  // scratch_size(); nothing without low_rank.
  void add_weight_gradient(std::int64_t rows, const float* dy, std::int64_t ldy, const float* x,
                           float* scratch) const;
  void add_weight_gradient(std::int64_t rows, const float* dy, const float* x,
                           float* scratch = nullptr) const {
    add_weight_gradient(rows, dy, out, x, scratch);
  }
  std::int64_t scratch_size(std::int64_t rows) const { return 2 * rows * low_rank.rank; }
  bool is_trained() const {
    return weight.gradient != nullptr || bias.gradient != nullptr || low_rank.a.gradient != nullptr;
  }
};

struct LayerNorm {
  Tensor gamma, beta;
  bool is_trained() const { return gamma.gradient != nullptr || beta.gradient != nullptr; }
};

// The rows of hidden states that a head reads: a row a token, or the first of each sequence ([CLS]).
enum class HiddenStates { every_token, first_token };

// What one forward pass computes on, and how.
struct Pass {
  kernels::Layout layout;        // every token
  kernels::Layout first_tokens;  // the first of each sequence, [CLS]: a row a sequence
  const std::int32_t* input_ids = nullptr;
  const std::int32_t* token_type_ids = nullptr;
  const std::int32_t* position_ids = nullptr;  // rows of the position table
  bool training = false;
  std::uint64_t dropout_seed = 0, dropout_step = 0;

  kernels::Dropout dropout(float probability, kernels::DropoutSite site, std::int64_t layer) const {
    return {training ? probability : 0.0F, dropout_seed, dropout_step, site,
            static_cast<std::uint32_t>(layer)};
  }
};

}  // namespace bertune::model
