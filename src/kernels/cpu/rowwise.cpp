// Operations that take a row of tokens at a time: embeddings, bias, LayerNorm with what is around it,
// dropout.
#include "kernels/cpu/rowwise.h"

#include "kernels/cpu/dropout.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_sum.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kColumnBlock = 64;

// Scratch of a thread: the dropout factors of one row.
class RowDropout {
 public:
  RowDropout(const Dropout& dropout, const Layout& layout, std::int64_t n)
      : dropout_(dropout), layout_(layout), n_(n), factors_(thread_scratch(n)) {
    for (std::int64_t i = 0; i < n; ++i) factors_[i] = 1.0F;
  }
  const float* row(std::int64_t token) {
    if (dropout_.probability > 0) {
      DropoutStream(dropout_, layout_.sequence[token], 0)
          .factors(std::int64_t{layout_.position[token]} * n_, n_, factors_);
    }
    return factors_;
  }

 private:
  const Dropout& dropout_;
  const Layout& layout_;
  std::int64_t n_;
  float* factors_;
};

}  // namespace

void add_bias(const AddBias& op) {
  for_parts(op.rows, op.n, op.producer, [&](const Part& part) {
    for (std::int64_t t = part.first; t < part.end; ++t) {
      float* x = op.x + t * op.n;
#pragma omp simd
      for (std::int64_t c = part.first_column; c < part.end_column; ++c) x[c] += op.bias[c];
    }
  });
}

void column_sums(const ColumnSums& op) {
  if (op.sums == nullptr) return;
  parallel_for(block_count(op.n, kColumnBlock), [&](std::int64_t block) {
    const std::int64_t first = block * kColumnBlock, width = min(kColumnBlock, op.n - first);
    float* sums = op.sums + first;
    for (std::int64_t t = 0; t < op.rows; ++t) {
      const float* x = op.x + t * op.n + first;
#pragma omp simd
      for (std::int64_t c = 0; c < width; ++c) sums[c] += x[c];
    }
  });
}

void embedding_forward(const EmbeddingForward& op) {
  const std::int64_t h = op.hidden_size;
  for_row_blocks(op.layout.tokens, nullptr, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t t = first; t < end; ++t) {
      const float* word = op.word + op.input_ids[t] * h;
      const float* position = op.position + op.layout.position[t] * h;
      const float* token_type = op.token_type + op.token_type_ids[t] * h;
      float* sum = op.sum + t * h;
#pragma omp simd
      for (std::int64_t c = 0; c < h; ++c) sum[c] = word[c] + position[c] + token_type[c];
    }
  });
}

// A block of columns is one thread's, tokens in order: rows that several tokens share are summed in a fixed
// order.
void embedding_backward(const EmbeddingBackward& op) {
  const std::int64_t h = op.hidden_size;
  parallel_for(block_count(h, kColumnBlock), [&](std::int64_t block) {
    const std::int64_t first = block * kColumnBlock, width = min(kColumnBlock, h - first);
    const auto add = [&](float* table, std::int64_t row, std::int64_t token) {
      if (table == nullptr) return;
      float* to = table + row * h + first;
      const float* from = op.d_sum + token * h + first;
#pragma omp simd
      for (std::int64_t c = 0; c < width; ++c) to[c] += from[c];
    };
    for (std::int64_t t = 0; t < op.layout.tokens; ++t) {
      if (op.input_ids[t] != op.padding_id) add(op.d_word, op.input_ids[t], t);
      add(op.d_position, op.layout.position[t], t);
      add(op.d_token_type, op.token_type_ids[t], t);
    }
  });
}

void layer_norm_forward(const LayerNormForward& op) {
  const std::int64_t h = op.hidden_size;
  for_row_blocks(op.layout.tokens, op.producer, [&](std::int64_t first, std::int64_t end) {
    RowDropout dropout(op.dropout, op.layout, h);
    for (std::int64_t t = first; t < end; ++t) {
      const float* factor = dropout.row(t);
      float *sum = op.sum + t * h, *y = op.y + t * h;
      if (op.x != nullptr) {
        const float *x = op.x + t * h, *residual = op.residual + t * h;
#pragma omp simd
        for (std::int64_t c = 0; c < h; ++c) sum[c] = residual[c] + (x[c] + op.bias[c]) * factor[c];
      }
      const float total = row_sum(h, [=](std::int64_t c, auto lanes) { return read(sum + c, lanes); });
      const float mean = total / static_cast<float>(h);
      const float squares = row_sum(h, [=](std::int64_t c, auto lanes) {
        const auto distance = read(sum + c, lanes) - mean;
        return distance * distance;
      });
      const float rstd = 1.0F / __builtin_sqrtf(squares / static_cast<float>(h) + op.epsilon);
      op.mean[t] = mean, op.rstd[t] = rstd;
      if (op.dropout_after) {
#pragma omp simd
        for (std::int64_t c = 0; c < h; ++c)
          y[c] = ((sum[c] - mean) * rstd * op.gamma[c] + op.beta[c]) * factor[c];
      } else {
#pragma omp simd
        for (std::int64_t c = 0; c < h; ++c) y[c] = (sum[c] - mean) * rstd * op.gamma[c] + op.beta[c];
      }
    }
  });
}

namespace {

// One row of LayerNorm backward; the block's partial sums of d_gamma, d_beta and d_bias are added to.
void layer_norm_backward_row(const LayerNormBackward& op, std::int64_t t, const float* factor,
                             float* partial) {
  const std::int64_t h = op.hidden_size;
  const float *dy = op.dy + t * h, *sum = op.sum + t * h;
  const float mean = op.mean[t], rstd = op.rstd[t];
  float *d_sum = op.d_sum + t * h, *d_gamma = partial, *d_beta = partial + h, *d_bias = partial + 2 * h;
  const bool after = op.dropout_after;
  // d_sum holds the gradient of what gamma was multiplied with, until the means are known.
#pragma omp simd
  for (std::int64_t c = 0; c < h; ++c) {
    const float upstream = after ? dy[c] * factor[c] : dy[c];
    d_gamma[c] += upstream * ((sum[c] - mean) * rstd);
    d_beta[c] += upstream;
    d_sum[c] = upstream * op.gamma[c];
  }
  const auto gradient = [=](std::int64_t c, auto lanes) { return read(d_sum + c, lanes); };
  const auto normalized = [=](std::int64_t c, auto lanes) { return (read(sum + c, lanes) - mean) * rstd; };
  const float mean_g = row_sum(h, gradient) / static_cast<float>(h);
  const float mean_gx =
      row_sum(h, [=](std::int64_t c, auto lanes) { return gradient(c, lanes) * normalized(c, lanes); }) /
      static_cast<float>(h);
#pragma omp simd
  for (std::int64_t c = 0; c < h; ++c)
    d_sum[c] = rstd * (d_sum[c] - mean_g - (sum[c] - mean) * rstd * mean_gx);
  if (op.dx == nullptr) return;
  float* dx = op.dx + t * h;
#pragma omp simd
  for (std::int64_t c = 0; c < h; ++c) {
    dx[c] = d_sum[c] * factor[c];
    d_bias[c] += dx[c];
  }
}

}  // namespace

void add_partial_sums(const float* partial_sums, std::int64_t blocks, std::int64_t stride, std::int64_t n,
                      float* sums) {
  if (sums == nullptr) return;
  parallel_for(block_count(n, kColumnBlock), [&](std::int64_t column_block) {
    const std::int64_t first = column_block * kColumnBlock, end = min(first + kColumnBlock, n);
    for (std::int64_t block = 0; block < blocks; ++block) {
#pragma omp simd
      for (std::int64_t c = first; c < end; ++c) sums[c] += partial_sums[block * stride + c];
    }
  });
}

void layer_norm_backward(const LayerNormBackward& op) {
  const std::int64_t h = op.hidden_size, stride = 3 * h;
  for_row_blocks(op.layout.tokens, op.producer, [&](std::int64_t first, std::int64_t end) {
    RowDropout dropout(op.dropout, op.layout, h);
    float* partial = op.partial_sums + first / kRowBlock * stride;
    for (std::int64_t c = 0; c < stride; ++c) partial[c] = 0;
    for (std::int64_t t = first; t < end; ++t) layer_norm_backward_row(op, t, dropout.row(t), partial);
  });
  const std::int64_t blocks = block_count(op.layout.tokens, kRowBlock);
  add_partial_sums(op.partial_sums, blocks, stride, h, op.d_gamma);
  add_partial_sums(op.partial_sums + h, blocks, stride, h, op.d_beta);
  if (op.dx != nullptr) add_partial_sums(op.partial_sums + 2 * h, blocks, stride, h, op.d_bias);
}

void gather_rows(const GatherRows& op) {
  for (std::int64_t i = 0; i < op.count; ++i) {
    const float* from = op.x + op.indices[i] * op.n;
    for (std::int64_t c = 0; c < op.n; ++c) op.rows[i * op.n + c] = from[c];
  }
}

void add_to_rows(const AddToRows& op) {
  for (std::int64_t i = 0; i < op.count; ++i) {
    float* to = op.x + op.indices[i] * op.n;
    for (std::int64_t c = 0; c < op.n; ++c) to[c] += op.rows[i * op.n + c];
  }
}

void dropout_rows(const DropoutRows& op) {
  for_row_blocks(op.layout.tokens, nullptr, [&](std::int64_t first, std::int64_t end) {
    float* factor = thread_scratch(op.n);
    for (std::int64_t i = first; i < end; ++i) {
      DropoutStream(op.dropout, op.layout.sequence[i], 0).factors(op.layout.position[i] * op.n, op.n, factor);
      for (std::int64_t c = 0; c < op.n; ++c) op.y[i * op.n + c] = op.x[i * op.n + c] * factor[c];
    }
  });
}

}  // namespace bertune::kernels::BERTUNE_ISA
