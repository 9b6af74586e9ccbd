// Sums of squares in a fixed order, and the update that Adafactor makes of them.
#include "kernels/cpu/element_blocks.h"
#include "kernels/cpu/optimizer.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

double squares_of(const float* x, std::int64_t size) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

}  // namespace

double sum_of_squares(const float* values, std::int64_t size) {
  constexpr std::int64_t kMostBlocks = 4096;  // partial sums kept at a time
  double total = 0, partial[kMostBlocks];
  for (std::int64_t start = 0; start < size; start += kMostBlocks * kBlock) {
    const std::int64_t span = smaller(kMostBlocks * kBlock, size - start);
    for_blocks(span, [&](std::int64_t first, std::int64_t end) {
      partial[first / kBlock] = squares_of(values + start + first, end - first);
    });
    for (std::int64_t block = 0; block < block_count(span, kBlock); ++block) total += partial[block];
  }
  return total;
}

void square_sums(const SquareSums& op) {
  constexpr std::int64_t kColumns = 256;
  parallel_for(block_count(op.rows, kRowBlock), [&](std::int64_t block) {
    const std::int64_t end = smaller((block + 1) * kRowBlock, op.rows);
    for (std::int64_t row = block * kRowBlock; row < end; ++row)
      op.row_sums[row] = static_cast<float>(squares_of(op.x + row * op.columns, op.columns));
  });
  parallel_for(block_count(op.columns, kColumns), [&](std::int64_t block) {
    const std::int64_t first = block * kColumns, count = smaller(kColumns, op.columns - first);
    double sums[kColumns] = {};
    for (std::int64_t row = 0; row < op.rows; ++row) {
      const float* x = op.x + row * op.columns + first;
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i)
        sums[i] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    for (std::int64_t i = 0; i < count; ++i) op.column_sums[first + i] = static_cast<float>(sums[i]);
  });
}

void factored_update(const FactoredUpdate& op) {
  const auto floor = static_cast<float>(op.floor);
  parallel_for(block_count(op.rows, kRowBlock), [&](std::int64_t block) {
    const std::int64_t end = smaller((block + 1) * kRowBlock, op.rows), columns = op.columns;
    for (std::int64_t row = block * kRowBlock; row < end; ++row) {
      const auto factor = static_cast<float>((op.row != nullptr ? op.row[row] : 1.0F) * op.row_scale);
      const float *gradients = op.gradients + row * columns, *column = op.column;
      const float scale = op.gradient_scale, least = floor;
      float* update = op.update + row * columns;
#pragma omp simd
      for (std::int64_t i = 0; i < columns; ++i) {
        const float variance = factor * column[i];
        update[i] = gradients[i] * scale / __builtin_sqrtf(variance > least ? variance : least);
      }
    }
  });
}

}  // namespace bertune::kernels::BERTUNE_ISA
