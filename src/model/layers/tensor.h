// A parameter as a layer sees it, and the layers' common step: a linear layer.
#pragma once

#include <cstdint>

#include "kernels/ops.h"
#include "model/layers/pass.h"

namespace bertune::model {

// The sum of a parameter's gradient, or nothing: outside of training, and of what is frozen. It is written
// only by operations, which leave out what is not wanted, so that no layer has to ask whether it is.
class Gradient {
 public:
  Gradient() = default;
  explicit Gradient(float* sum) : sum_(sum) {}

  bool is_wanted() const { return sum_ != nullptr; }
  // Returns the sum for operations that add to it, and take null for what is not wanted.
  float* sum() const { return sum_; }
  // Adds x[count].
  void add(const Pass& pass, std::int64_t count, const float* x) const;
  // Adds leftᵀ · right, of left[rows,m] and right[rows,n] with the row strides `left_stride` and n.
  void add_outer(const Pass& pass, std::int64_t rows, std::int64_t m, const float* left,
                 std::int64_t left_stride, std::int64_t n, const float* right,
                 kernels::Operands operands = {}) const;
  // Zeroes `count` numbers from `first` on.
  void clear(const Pass& pass, std::int64_t first, std::int64_t count) const;

 private:
  float* sum_ = nullptr;
};

struct Tensor {
  const float* value = nullptr;
  Gradient gradient = {};

  bool is_trained() const { return gradient.is_wanted(); }
};

// The change of a weight [out,in] that is itself frozen: scale · b · a (bertune/lora.h).
struct LowRank {
  Tensor a, b;            // [rank,in], [out,rank]
  std::int64_t rank = 0;  // 0: there is none
  float scale = 1;

  bool is_trained() const { return a.is_trained() || b.is_trained(); }
};

// y = x · weightᵀ + bias; weight is [out, in], as in the checkpoint. The bias is added by whatever follows.
// The products are returned, not made: an operation can start with one (kernels/ops.h, `producer`).
struct Linear {
  Tensor weight, bias;  // the weight with its change by low_rank, once merged (model/adapters/lora.h)
  std::int64_t in = 0, out = 0;
  kernels::Operands operands{};  // of output(); backward has no int8
  LowRank low_rank = {};
  const float* packed = nullptr;  // the weight as kernels::OpTable::pack_b leaves it for output(), or null

  // y[rows,out] = x[rows,in] · weightᵀ
  kernels::Matmul output(std::int64_t rows, const float* x, float* y) const;
  // dx[rows,in] (+)= dy[rows,out] · weight
  kernels::Matmul input_gradient(std::int64_t rows, const float* dy, float* dx, bool accumulate) const;
  // Adds dyᵀ · x to the gradient of the weight, and what of it reaches low_rank; dy has the row stride `ldy`.
  // `scratch`: of scratch_size(); nothing without low_rank.
  void add_weight_gradient(const Pass& pass, std::int64_t rows, const float* dy, std::int64_t ldy,
                           const float* x, float* scratch) const;
  void add_weight_gradient(const Pass& pass, std::int64_t rows, const float* dy, const float* x,
                           float* scratch = nullptr) const {
    add_weight_gradient(pass, rows, dy, out, x, scratch);
  }
  // The same from the gradient of the whole weight, made elsewhere: `dense` [out,in], which is scaled. Null:
  // nothing is added.
  void add_dense_gradient(const Pass& pass, float* dense) const;
  void add_bias_gradient(const Pass& pass, std::int64_t rows, const float* dy) const {
    pass.ops().column_sums({rows, out, dy, bias.gradient.sum()});
  }
  std::int64_t scratch_size(std::int64_t rows) const { return 2 * rows * low_rank.rank; }
  bool is_trained() const { return weight.is_trained() || bias.is_trained() || low_rank.is_trained(); }
};

struct LayerNorm {
  Tensor gamma, beta;
  bool is_trained() const { return gamma.is_trained() || beta.is_trained(); }
};

}  // namespace bertune::model
