// A forward pass as layers and heads see it: what it computes on, the operations, and the steps that all of
// them take.
#pragma once

#include <cstdint>
#include <type_traits>

#include "bertune/batch.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace bertune::model {

// The rows of hidden states that a head reads: a row per token, or the first of each sequence ([CLS]).
enum class HiddenStates { every_token, first_token };

// The inputs of losses beside logits, as Batch has them; null where there are none.
struct LossInputs {
  const std::int32_t* labels = nullptr;
  const float* targets = nullptr;
  const std::int32_t *start_positions = nullptr, *end_positions = nullptr, *next_sentence_labels = nullptr;
  const float* class_weights = nullptr;  // LossOptions
  // The tokens that masked language modeling predicts, whose labels are those of the predictions alone.
  const std::int32_t* predicted_tokens = nullptr;
  std::int64_t predictions = 0;
};

// The inputs and settings of one forward pass. Its pointers are to memory of the table (pass_inputs.h).
struct Pass {
  kernels::Context context;
  const Batch* batch = nullptr;       // the same on the host
  kernels::Layout layout = {};        // every token
  kernels::Layout first_tokens = {};  // the first of each sequence, [CLS]: a row per sequence
  kernels::Layout texts = {};         // the windows of each text, where it has some: a row per sequence
  const std::int32_t* input_ids = nullptr;
  const std::int32_t* token_type_ids = nullptr;
  const std::int32_t* position_ids = nullptr;  // rows of the position table
  LossInputs loss_inputs = {};
  double* loss_result = nullptr;  // room for a loss
  bool training = false;
  std::uint64_t dropout_seed = 0, dropout_step = 0;

  kernels::Dropout dropout(float probability, kernels::DropoutSite site, std::int64_t layer) const {
    return {training ? probability : 0.0F, dropout_seed, dropout_step, site,
            static_cast<std::uint32_t>(layer)};
  }

  const kernels::OpTable& ops() const { return *context.ops; }
  // Makes the product, unless its output is null: then it is not wanted.
  void matmul(const kernels::Matmul& product) const {
    if (product.c != nullptr) ops().matmul(product);
  }
  // Computes a loss and returns it; or where the operation has d_logits, only these: then returns 0.
  template <typename Loss>
  double loss(void (*operation)(const Loss&), std::type_identity_t<Loss> op) const {
    if (op.d_logits == nullptr) op.loss = loss_result;
    operation(op);
    double value = 0;
    if (op.loss != nullptr) ops().download(&value, op.loss, sizeof(value));
    return value;
  }
  // x[count] = value
  void fill(float* x, std::int64_t count, float value) const {
    const kernels::Segment segment{x, count};
    ops().fill({.segments = &segment, .count = 1, .value = value});
  }
  // Dropout of x[rows,width], in place; nothing where x is null or nothing is dropped.
  void drop(const kernels::Layout& rows, std::int64_t width, const kernels::Dropout& dropout,
            float* x) const {
    if (x != nullptr && dropout.probability > 0) ops().dropout_rows({rows, width, dropout, x, x});
  }
  // The same into `to`, which is returned; x itself where nothing is dropped.
  const float* dropped(const kernels::Layout& rows, std::int64_t width, const kernels::Dropout& dropout,
                       const float* x, float* to) const {
    if (dropout.probability <= 0) return x;
    ops().dropout_rows({rows, width, dropout, x, to});
    return to;
  }
};

}  // namespace bertune::model
