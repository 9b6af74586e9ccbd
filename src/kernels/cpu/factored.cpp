// Adafactor's second moment, as a row and a column.
#include "kernels/cpu/element_blocks.h"
#include "kernels/cpu/operations.h"
#include "kernels/cpu/sums.h"
#include "kernels/ref/table.h"

namespace bertune::kernels::BERTUNE_ISA {

void square_sums(const SquareSums& op) {
  constexpr std::int64_t kColumns = 256;
  parallel_for(block_count(op.rows, kRowBlock), [&](std::int64_t block) {
    const std::int64_t end = min((block + 1) * kRowBlock, op.rows);
    for (std::int64_t row = block * kRowBlock; row < end; ++row)
      op.row_sums[row] = static_cast<float>(squares_of(op.x + row * op.columns, op.columns));
  });
  parallel_for(block_count(op.columns, kColumns), [&](std::int64_t block) {
    const std::int64_t first = block * kColumns, count = min(kColumns, op.columns - first);
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

// A number per row and column: too few to be worth more.
void decay_average(const DecayAverage& op) { ref::decay_average(op); }

void factored_update(const FactoredUpdate& op) {
  const auto floor = static_cast<float>(op.floor);
  parallel_for(block_count(op.rows, kRowBlock), [&](std::int64_t block) {
    const std::int64_t end = min((block + 1) * kRowBlock, op.rows), columns = op.columns;
    for (std::int64_t row = block * kRowBlock; row < end; ++row) {
      const auto factor = static_cast<float>((op.row != nullptr ? op.row[row] : 1.0F) * op.row_scale);
      const float *gradients = op.gradients + row * columns, *column = op.column;
      const float scale = op.gradient_scale, min_variance = floor;
      float* update = op.update + row * columns;
#pragma omp simd
      for (std::int64_t i = 0; i < columns; ++i) {
        const float variance = factor * column[i];
        update[i] = gradients[i] * scale / __builtin_sqrtf(variance > min_variance ? variance : min_variance);
      }
    }
  });
}

}  // namespace bertune::kernels::BERTUNE_ISA
