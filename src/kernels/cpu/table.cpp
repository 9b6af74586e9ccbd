// The table of one instruction set. Empty entries are filled from the reference (those losses are a few
// numbers a step).
#include "kernels/cpu/activation.h"
#include "kernels/cpu/attention.h"
#include "kernels/cpu/first_token_attention.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/loss.h"
#include "kernels/cpu/optimizer.h"
#include "kernels/cpu/pooling.h"
#include "kernels/cpu/rowwise.h"

#define BERTUNE_QUOTED(name) BERTUNE_QUOTED_LITERALLY(name)
#define BERTUNE_QUOTED_LITERALLY(name) #name

namespace bertune::kernels::BERTUNE_ISA {

const OpTable kTable = {
    .name = BERTUNE_QUOTED(BERTUNE_ISA),
#if defined(__AVX512BF16__)
    .bf16 = true,
#endif
    .matmul = matmul,
    .packed_size = packed_size,
    .pack_b = pack_b,
    .add_bias = add_bias,
    .column_sums = column_sums,
    .embedding_forward = embedding_forward,
    .embedding_backward = embedding_backward,
    .layer_norm_forward = layer_norm_forward,
    .layer_norm_backward = layer_norm_backward,
    .activation_forward = activation_forward,
    .activation_backward = activation_backward,
    .attention_forward = attention_forward,
    .attention_backward = attention_backward,
    .first_token_attention_forward = first_token_attention_forward,
    .first_token_attention_backward = first_token_attention_backward,
    .gather_rows = gather_rows,
    .add_to_rows = add_to_rows,
    .dropout_rows = dropout_rows,
    .pool_rows = pool_rows,
    .pool_rows_backward = pool_rows_backward,
    .normalize_rows = normalize_rows,
    .normalize_rows_backward = normalize_rows_backward,
    .row_dots = row_dots,
    .row_dots_backward = row_dots_backward,
    .cross_entropy = cross_entropy,
    .binary_cross_entropy = nullptr,
    .mean_squared_error = nullptr,
    .adam_step = adam_step,
    .sgd_step = sgd_step,
    .adamax_step = adamax_step,
    .adagrad_step = adagrad_step,
    .adadelta_step = adadelta_step,
    .rmsprop_step = rmsprop_step,
    .asgd_step = asgd_step,
    .rprop_step = rprop_step,
    .lion_step = lion_step,
    .square_sums = square_sums,
    .factored_update = factored_update,
    .sum_of_squares = sum_of_squares,
};

}  // namespace bertune::kernels::BERTUNE_ISA
