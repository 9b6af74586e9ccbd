// The table of operations: all that a model asks of a device. `ref/` says what each means, in plain loops;
// `cpu/` does the same fast, compiled once for each instruction set.
//
// Conventions. Matrices are row-major f32; T is tokens (packed, no padding), H hidden_size, I
// intermediate_size. Gradients of parameters are added to what is there; gradients of activations overwrite.
// Pointers never alias unless a comment says so. Sums over tokens run in a fixed order: results do not depend
// on the number of threads. An operation with a `producer` first computes that product, whose rows are its
// own rows, as a call of matmul would; done together, the rows are still in the cache.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/optimizer_ops.h"

namespace bertune::kernels {

// Tokens whose partial sums are added up together; part of the definition of the results.
inline constexpr std::int64_t kRowBlock = 32;

// C[m,n] = op(A)[m,k] · op(B)[k,n] + (accumulate ? C : 0), row strides lda, ldb, ldc.
struct Matmul {
  bool transpose_a = false, transpose_b = false;
  std::int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  std::int64_t lda = 0;
  const float* b = nullptr;
  std::int64_t ldb = 0;
  bool accumulate = false;
  float* c = nullptr;
  std::int64_t ldc = 0;
  bool bf16 = false;                // A and B may be rounded to bf16, where that is faster; sums stay f32
  const float* packed_b = nullptr;  // B as pack_b left it, for products with the same B again and again
};

// The places that dropout is applied to, so that each draws its own numbers.
enum class DropoutSite : std::uint32_t {
  embeddings,
  attention_probabilities,
  attention_output,
  feed_forward_output,
  pooled
};

// A number is kept with probability 1 - p and then scaled by 1 / (1 - p). Which are kept is a pure function
// of seed, step, site, layer, the sequence's place in the global batch, and the number's index in that
// sequence (core/random.h).
struct Dropout {
  float probability = 0;  // 0: off
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  DropoutSite site{};
  std::uint32_t layer = 0;
};

// Which sequence of the global batch each token belongs to, and where in it: [T] each, and [sequences + 1].
struct Layout {
  std::int64_t tokens = 0, sequences = 0;
  const std::int32_t* cu_seqlens = nullptr;
  const std::int32_t* sequence = nullptr;  // place in the global batch
  const std::int32_t* position = nullptr;
};

// x[T,n] += bias[n]
struct AddBias {
  std::int64_t rows = 0, n = 0;
  float* x = nullptr;
  const float* bias = nullptr;
  const Matmul* producer = nullptr;
};

// sums[n] (null: not wanted) += sum over rows of x[rows,n]
struct ColumnSums {
  std::int64_t rows = 0, n = 0;
  const float* x = nullptr;
  float* sums = nullptr;
};

// sum = word[ids] + position[positions] + token_type[type_ids]: the embeddings before LayerNorm
// (Transformers' BertEmbeddings).
struct EmbeddingForward {
  Layout layout;
  std::int64_t hidden_size = 0;
  const std::int32_t* input_ids = nullptr;
  const std::int32_t* token_type_ids = nullptr;
  const float *word = nullptr, *position = nullptr, *token_type = nullptr;
  float* sum = nullptr;  // [T,H]
};
struct EmbeddingBackward {
  Layout layout;
  std::int64_t hidden_size = 0;
  const std::int32_t* input_ids = nullptr;
  const std::int32_t* token_type_ids = nullptr;
  std::int32_t padding_id = -1;  // a row of the word table that gets no gradient (nn.Embedding's padding_idx)
  const float* d_sum = nullptr;  // [T,H]
  float *d_word = nullptr, *d_position = nullptr, *d_token_type = nullptr;  // nullptr: not wanted
};

// sum = residual + dropout(x + bias); y = LayerNorm(sum) * gamma + beta. With x null: sum is taken as it is.
// With `after`, dropout is applied to y instead (BertEmbeddings). `sum`, mean and rstd are kept for backward.
struct LayerNormForward {
  Layout layout;
  std::int64_t hidden_size = 0;
  float epsilon = 0;
  Dropout dropout;
  bool dropout_after = false;
  const float *x = nullptr, *bias = nullptr, *residual = nullptr;  // [T,H], [H], [T,H]
  const float *gamma = nullptr, *beta = nullptr;                   // [H]
  float* sum = nullptr;                                            // [T,H]
  float* y = nullptr;                                              // [T,H]
  float *mean = nullptr, *rstd = nullptr;                          // [T]
  const Matmul* producer = nullptr;
};
struct LayerNormBackward {
  Layout layout;
  std::int64_t hidden_size = 0;
  Dropout dropout;
  bool dropout_after = false;
  const float* dy = nullptr;  // [T,H]
  const float* sum = nullptr;
  const float *mean = nullptr, *rstd = nullptr, *gamma = nullptr;
  float* d_sum = nullptr;  // [T,H]: the gradient of the residual; may be dy
  float* dx = nullptr;     // [T,H]: of x before bias; null: not wanted
  float *d_gamma = nullptr, *d_beta = nullptr, *d_bias = nullptr;  // [H] or null; d_bias only with dx
  float* partial_sums = nullptr;                                   // [blocks of kRowBlock tokens, 3, H]
  const Matmul* producer = nullptr;
};

enum class Activation { gelu, gelu_tanh, quick_gelu, relu, silu, tanh };
// Transformers' hidden_act names; throws Error, naming the choices.
Activation activation_from_string(std::string_view name);

// x[rows,n] += bias[n]; y = activation(x). x keeps the biased value for backward.
struct ActivationForward {
  Activation activation{};
  std::int64_t rows = 0, n = 0;
  float* x = nullptr;
  const float* bias = nullptr;
  float* y = nullptr;
  const Matmul* producer = nullptr;
};
// dx = dy * activation'(x) (may be in place: dx == dy); y = activation(x) once more, for the weight gradient
// that needs it (null: not wanted); d_bias[n] (or null) += column sums of dx.
struct ActivationBackward {
  Activation activation{};
  std::int64_t rows = 0, n = 0;
  const float* x = nullptr;
  const float* dy = nullptr;
  float* dx = nullptr;
  float* y = nullptr;
  float* d_bias = nullptr;
  float* partial_sums = nullptr;  // [blocks of kRowBlock rows, n]
  const Matmul* producer = nullptr;
};

// Bidirectional multi-head attention within each sequence (Vaswani et al. 2017, equation 1), dropout on the
// probabilities. The score matrix never leaves the cache; backward recomputes it from the log-sum-exp of each
// row (Dao et al. 2022).
struct AttentionForward {
  Layout layout;
  std::int64_t heads = 0, head_size = 0;
  Dropout dropout;
  const float* qkv = nullptr;    // [T, 3H]: query, key, value, each [heads, head_size]
  float* context = nullptr;      // [T, H]
  float* log_sum_exp = nullptr;  // [T, heads]
};
struct AttentionBackward {
  Layout layout;
  std::int64_t heads = 0, head_size = 0;
  Dropout dropout;
  const float* qkv = nullptr;
  const float* log_sum_exp = nullptr;
  const float* d_context = nullptr;  // [T, H]
  float* d_qkv = nullptr;            // [T, 3H]
};

// Attention in a layer of which only the first token of each sequence is wanted: one query a sequence. Keys
// and values of all tokens x_j would be products with weights of [H, H]; with one query they can be absorbed
// into what there is one of: q · (Wk x_j) = (Wkᵀ q) · x_j, and sum_j p_j (Wv x_j + b) = Wv (sum_j p_j x_j) +
// b sum_j p_j. The bias of the keys adds the same to every score and cancels. Equal to AttentionForward at
// position 0, dropout included.
struct FirstTokenAttention {
  Layout layout;
  std::int64_t heads = 0, head_size = 0;
  Dropout dropout;
  const float* x = nullptr;      // [T, H]: the layer's input
  const float* query = nullptr;  // [sequences, H], with its bias
  const float *key_weight = nullptr, *value_weight = nullptr, *value_bias = nullptr;  // [H, H], [H, H], [H]
  // Written by forward, read by backward.
  float* context = nullptr;           // [sequences, H]
  float* absorbed_query = nullptr;    // [sequences, heads, H]: Wkᵀ q
  float* mixed_input = nullptr;       // [sequences, heads, H]: sum_j p_j x_j
  float* probabilities = nullptr;     // [heads, length] a sequence, T * heads in all; before dropout
  float* probability_sums = nullptr;  // [sequences, heads]: after dropout
};
struct FirstTokenAttentionBackward {
  FirstTokenAttention forward;
  const float* d_context = nullptr;  // [sequences, H]
  float* d_query = nullptr;          // [sequences, H]
  float* dx = nullptr;               // [T, H]: through keys and values
  float *d_key_weight = nullptr, *d_value_weight = nullptr, *d_value_bias = nullptr;  // added to, or null
  float *d_absorbed_query = nullptr, *d_mixed_input = nullptr;  // scratch, [sequences, heads, H] each
};

// rows[count,n] = the rows of x[T,n] that `indices` name, and the other way: those rows of x += rows.
struct ChosenRows {
  std::int64_t count = 0, n = 0;
  const std::int32_t* indices = nullptr;  // each once, where they are added to
  float* x = nullptr;
  float* rows = nullptr;
};

// y[T,n] = dropout(x); backward is the same on the gradient. May be in place.
struct DropoutRows {
  Layout layout;
  std::int64_t n = 0;
  Dropout dropout;
  const float* x = nullptr;
  float* y = nullptr;
};

// A row for each sequence from the rows of its tokens: their mean, their sum over the square root of their
// number, or the largest value of each column. Backward gives a column's gradient to the first of the
// largest.
enum class PoolKind { mean, mean_sqrt_length, max };
struct PoolRows {
  Layout layout;
  std::int64_t n = 0;
  PoolKind kind{};
  const float* x = nullptr;  // [T,n]
  float* y = nullptr;        // [sequences,n]
};
struct PoolRowsBackward {
  PoolRows forward;           // y is not read
  const float* dy = nullptr;  // [sequences,n]
  float* dx = nullptr;        // [T,n]
};

// y = scale * x / max(|x|, kLeastNorm) for each row of x, with the Euclidean norm (torch's normalize). Rows
// of x and dx are `stride` apart, so that every second row of a matrix can be taken; those of y and dy lie
// end to end. Backward multiplies the gradient by `gradient_scale`.
inline constexpr float kLeastNorm = 1e-12F;
struct NormalizeRows {
  std::int64_t rows = 0, n = 0, stride = 0;
  float scale = 1;
  const float* x = nullptr;
  float* y = nullptr;      // [rows,n]
  float* norms = nullptr;  // [rows], kept for backward
};
struct NormalizeRowsBackward {
  NormalizeRows forward;  // y is not read
  float gradient_scale = 1;
  const float* dy = nullptr;
  float* dx = nullptr;
};

// dots[rows] = sum over n of a * b; da = d_dots * b and db = d_dots * a.
struct RowDots {
  std::int64_t rows = 0, n = 0;
  const float *a = nullptr, *b = nullptr;  // [rows,n]
  float* dots = nullptr;
};
struct RowDotsBackward {
  RowDots forward;                // dots are not read
  const float* d_dots = nullptr;  // [rows]
  float *da = nullptr, *db = nullptr;
};

// Mean loss over the rows; d_logits (null: not wanted) is its gradient, overwritten. May be in place. Where
// the rows are a part of those that the mean is over, `items` is what the sum is divided by, so that parts
// add up.

// The loss of a row is sum_c q_c w_c (-log p_c), with p the softmax, w the class weights, and q the label
// smoothed: 1 - s at the label, and s / classes more at every class. Focal: w_y (1 - p_y)^gamma (-log p_y) of
// the label y alone (Lin et al. 2017, equation 5). The mean divides by the sum of w_y (torch's
// cross_entropy). Labels of -100 are left out; a batch of nothing else has loss 0.
struct CrossEntropy {
  std::int64_t rows = 0, classes = 0;
  const float* logits = nullptr;
  const std::int32_t* labels = nullptr;
  float* d_logits = nullptr;
  double items = 0;                      // 0: the rows with a label, each as its weight
  const float* class_weights = nullptr;  // [classes]; null: 1 each
  float smoothing = 0;                   // in [0, 1)
  float focal_gamma = 0;                 // 0: not focal; else there is no smoothing
};
// Mean over all rows * n numbers. Binary cross-entropy, of a target t and p = sigmoid(logit):
// t w (1 - p)^gamma (-log p) + (1 - t) p^gamma (-log(1 - p)); w is torch's pos_weight.
struct ElementwiseLoss {
  std::int64_t rows = 0, n = 0;
  const float* logits = nullptr;
  const float* targets = nullptr;
  float* d_logits = nullptr;
  double items = 0;                         // rows that the mean is over; 0: these
  const float* positive_weights = nullptr;  // [n]; null: 1 each. Not of the squared error, as what follows
  float focal_gamma = 0;
};

struct OpTable {
  std::string_view name;
  bool bf16 = false;            // whether there are products of bf16 numbers; else they are made in f32
  bool bf16_is_faster = false;  // than f32, on this processor
  void (*matmul)(const Matmul&);
  std::int64_t (*packed_size)(const Matmul&);  // numbers that pack_b writes; 0: packing is of no use here
  void (*pack_b)(const Matmul&, float* packed);
  void (*add_bias)(const AddBias&);
  void (*column_sums)(const ColumnSums&);
  void (*embedding_forward)(const EmbeddingForward&);
  void (*embedding_backward)(const EmbeddingBackward&);
  void (*layer_norm_forward)(const LayerNormForward&);
  void (*layer_norm_backward)(const LayerNormBackward&);
  void (*activation_forward)(const ActivationForward&);
  void (*activation_backward)(const ActivationBackward&);
  void (*attention_forward)(const AttentionForward&);
  void (*attention_backward)(const AttentionBackward&);
  void (*first_token_attention_forward)(const FirstTokenAttention&);
  void (*first_token_attention_backward)(const FirstTokenAttentionBackward&);
  void (*gather_rows)(const ChosenRows&);
  void (*add_to_rows)(const ChosenRows&);
  void (*dropout_rows)(const DropoutRows&);
  void (*pool_rows)(const PoolRows&);
  void (*pool_rows_backward)(const PoolRowsBackward&);
  void (*normalize_rows)(const NormalizeRows&);
  void (*normalize_rows_backward)(const NormalizeRowsBackward&);
  void (*row_dots)(const RowDots&);
  void (*row_dots_backward)(const RowDotsBackward&);
  double (*cross_entropy)(const CrossEntropy&);
  double (*binary_cross_entropy)(const ElementwiseLoss&);
  double (*mean_squared_error)(const ElementwiseLoss&);
  void (*adam_step)(const AdamStep&);
  void (*sgd_step)(const SgdStep&);
  void (*adamax_step)(const AdamaxStep&);
  void (*adagrad_step)(const AdagradStep&);
  void (*adadelta_step)(const AdadeltaStep&);
  void (*rmsprop_step)(const RmspropStep&);
  void (*asgd_step)(const AsgdStep&);
  void (*rprop_step)(const RpropStep&);
  void (*lion_step)(const LionStep&);
  void (*square_sums)(const SquareSums&);
  void (*factored_update)(const FactoredUpdate&);
  double (*sum_of_squares)(const float* values, std::int64_t size);
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
