// The part of the table of operations that the layers of a model are made of.
#pragma once

#include <cstdint>
#include <string_view>

namespace bertune::kernels {

// Tokens whose partial sums are added up together; part of the definition of the results.
inline constexpr std::int64_t kRowBlock = 32;

// The numbers that a product multiplies; its result is f32.
enum class Operands : std::uint8_t {
  f32,
  bf16,  // A and B may be rounded to bf16, where that is faster; sums stay f32
  // Each row of A and each column of B is rounded to integers of at most 127, by a scale of its own; sums are
  // exact. For products as a linear layer has them: transpose_a and accumulate false, transpose_b true.
  int8
};

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
  Operands operands{};
  const float* packed_b = nullptr;  // B as pack_b left it, for products with the same B again and again
};

// packed (packed_size numbers) = the product's B as its operation reads it with packed_b.
struct PackB {
  Matmul product;
  float* packed = nullptr;
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

// The sequence of the global batch to which each token belongs, and its position in it: [T] each, and
// [sequences + 1].
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

// Attention in a layer of which only the first token of each sequence is wanted: one query per sequence. Keys
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
  // The forward pass writes these and backward reads them.
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

// rows[count,n] = the rows of x[T,n] that `indices` name.
struct GatherRows {
  std::int64_t count = 0, n = 0;
  const std::int32_t* indices = nullptr;
  const float* x = nullptr;
  float* rows = nullptr;
};
// The other way: those rows of x += rows.
struct AddToRows {
  std::int64_t count = 0, n = 0;
  const std::int32_t* indices = nullptr;  // each once
  float* x = nullptr;
  const float* rows = nullptr;
};

// y[T,n] = dropout(x); backward is the same on the gradient. May be in place.
struct DropoutRows {
  Layout layout;
  std::int64_t n = 0;
  Dropout dropout;
  const float* x = nullptr;
  float* y = nullptr;
};

}  // namespace bertune::kernels
