// The table of operations: all that a model asks of a device. `ref/` says what each means, in plain loops;
// `cpu/` does the same fast, compiled once for each instruction set.
//
// Conventions. Matrices are row-major f32; T is tokens (packed, no padding), H hidden_size, I
// intermediate_size. What pointers to numbers point to is memory of the table, results included; lists of
// what there is to do (segments, steps, rows) are read on the host before an operation returns. Gradients of
// parameters are added to what is there; gradients of activations overwrite. Pointers never alias unless a
// comment says so. Sums over tokens run in a fixed order: results do not depend on the number of threads. An
// operation with a `producer` first computes that product, whose rows are its own rows, as a call of matmul
// would; done together, the rows are still in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/layer_ops.h"
#include "kernels/loss_ops.h"
#include "kernels/optimizer_ops.h"
#include "kernels/pooling_ops.h"
#include "kernels/vector_ops.h"

namespace bertune::kernels {

// Every operation once: its name, and what it takes. The table, the declarations of the reference and of each
// instruction set, the profile, tests and benches are made from this list: a new operation is its struct, a
// function in ref/, one in cpu/, one in bench/operations/, and a line here.
#define BERTUNE_OPERATIONS(X)                                    \
  X(matmul, Matmul)                                              \
  X(pack_b, PackB)                                               \
  X(add_bias, AddBias)                                           \
  X(column_sums, ColumnSums)                                     \
  X(embedding_forward, EmbeddingForward)                         \
  X(embedding_backward, EmbeddingBackward)                       \
  X(layer_norm_forward, LayerNormForward)                        \
  X(layer_norm_backward, LayerNormBackward)                      \
  X(activation_forward, ActivationForward)                       \
  X(activation_backward, ActivationBackward)                     \
  X(attention_forward, AttentionForward)                         \
  X(attention_backward, AttentionBackward)                       \
  X(first_token_attention_forward, FirstTokenAttention)          \
  X(first_token_attention_backward, FirstTokenAttentionBackward) \
  X(gather_rows, GatherRows)                                     \
  X(add_to_rows, AddToRows)                                      \
  X(dropout_rows, DropoutRows)                                   \
  X(pool_rows, PoolRows)                                         \
  X(pool_rows_backward, PoolRowsBackward)                        \
  X(normalize_rows, NormalizeRows)                               \
  X(normalize_rows_backward, NormalizeRowsBackward)              \
  X(row_dots, RowDots)                                           \
  X(row_dots_backward, RowDotsBackward)                          \
  X(cross_entropy, CrossEntropy)                                 \
  X(binary_cross_entropy, ElementwiseLoss)                       \
  X(mean_squared_error, ElementwiseLoss)                         \
  X(span_loss, SpanLoss)                                         \
  X(fill, Fill)                                                  \
  X(scale, Scale)                                                \
  X(copy, Copy)                                                  \
  X(equal, Equal)                                                \
  X(axpby, Axpby)                                                \
  X(add_to_diagonal, AddToDiagonal)                              \
  X(dot, Dot)                                                    \
  X(abs_sum, Reduction)                                          \
  X(abs_max, Reduction)                                          \
  X(sum_of_squares, SumOfSquares)                                \
  X(square_sums, SquareSums)                                     \
  X(decay_average, DecayAverage)                                 \
  X(factored_update, FactoredUpdate)                             \
  X(adam_step, UpdateList<AdamStep>)                             \
  X(sgd_step, UpdateList<SgdStep>)                               \
  X(adamax_step, UpdateList<AdamaxStep>)                         \
  X(adagrad_step, UpdateList<AdagradStep>)                       \
  X(adadelta_step, UpdateList<AdadeltaStep>)                     \
  X(rmsprop_step, UpdateList<RmspropStep>)                       \
  X(asgd_step, UpdateList<AsgdStep>)                             \
  X(rprop_step, UpdateList<RpropStep>)                           \
  X(lion_step, UpdateList<LionStep>)

struct OpTable {
  std::string_view name;
  bool bf16 = false;            // whether there are products of bf16 numbers; else they are made in f32
  bool bf16_is_faster = false;  // than f32, on this processor
  bool host_memory = false;     // whether the host, too, reads and writes the table's memory

  // Memory that operations read and write; the host goes through upload and download (host_access.h), which
  // wait for the operations before them. It comes zeroed. Of the first `sparse` bytes few will be written,
  // and the rest take no memory. allocate throws std::bad_alloc.
  void* (*allocate)(std::size_t bytes, std::size_t sparse) = nullptr;
  void (*release)(void* memory, std::size_t bytes) = nullptr;  // as they were allocated
  // The pages of sparse memory that will soon be written; what is in it stays.
  void (*commit)(void* memory, std::size_t bytes) = nullptr;
  void (*upload)(void* to, const void* from, std::size_t bytes) = nullptr;
  void (*download)(void* to, const void* from, std::size_t bytes) = nullptr;

  // Returns how many numbers pack_b writes; 0: packing is of no use here.
  std::int64_t (*packed_size)(const Matmul&) = nullptr;
#define BERTUNE_ENTRY(name, Op) void (*name)(const Op&) = nullptr;
  BERTUNE_OPERATIONS(BERTUNE_ENTRY)
#undef BERTUNE_ENTRY
};

// The table for this machine, picked once: the best instruction set that processor and system support, or the
// one that the environment variable BERTUNE_ISA names (throws Error, listing the choices, when it cannot be
// had).
const OpTable& machine_ops();

// The table that the calling thread uses (kernels/context.h), which is the machine's where nothing else is
// said.
const OpTable& ops();

// Every table that this machine can run, best first; "ref" is the last.
std::vector<const OpTable*> supported_tables();

}  // namespace bertune::kernels
