// Numbers in a row, and sums over them.
#include <cstring>

#include "kernels/cpu/element_blocks.h"
#include "kernels/cpu/operations.h"
#include "kernels/cpu/sums.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/ref/table.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// The results of blocks: term(first, end) of each, joined in order.
template <typename Term, typename Join>
double reduced(std::int64_t size, const Term& term, const Join& join) {
  constexpr std::int64_t kMaxBlocks = 4096;  // partial results kept at a time
  double total = 0, partial[kMaxBlocks];
  for (std::int64_t start = 0; start < size; start += kMaxBlocks * kBlock) {
    const std::int64_t span = min(kMaxBlocks * kBlock, size - start);
    for_blocks(span, [&](std::int64_t first, std::int64_t end) {
      partial[first / kBlock] = term(start + first, start + end);
    });
    for (std::int64_t block = 0; block < block_count(span, kBlock); ++block)
      total = join(total, partial[block]);
  }
  return total;
}
double sum(double a, double b) { return a + b; }

}  // namespace

void fill(const Fill& op) {
  for (std::int64_t i = 0; i < op.count; ++i) {
    const Segment& segment = op.segments[i];
    for_all_elements(segment.size, [x = segment.x, value = op.value](std::int64_t j) { x[j] = value; });
  }
}

void scale(const Scale& op) {
  for_all_elements(op.size, [x = op.x, factor = op.factor](std::int64_t i) { x[i] *= factor; });
}

void copy(const Copy& op) {
  for_blocks(op.size, [&](std::int64_t first, std::int64_t end) {
    std::memcpy(op.to + first, op.from + first, static_cast<std::size_t>(end - first) * sizeof(float));
  });
}

void equal(const Equal& op) {
  const bool same =
      op.size == 0 || std::memcmp(op.a, op.b, static_cast<std::size_t>(op.size) * sizeof(float)) == 0;
  *op.result = same ? 1 : 0;
}

void axpby(const Axpby& op) {
  const auto a = static_cast<float>(op.a), b = static_cast<float>(op.b);
  for_all_elements(op.size, [=, x = op.x, y = op.y](std::int64_t i) { y[i] = b * y[i] + a * x[i]; });
}

void add_to_diagonal(const AddToDiagonal& op) { ref::add_to_diagonal(op); }

void dot(const Dot& op) {
  const auto term = [&](std::int64_t first, std::int64_t end) {
    return products_of(op.a + first, op.b + first, end - first);
  };
  *op.result = reduced(op.size, term, sum);
}

void abs_sum(const Reduction& op) {
  const auto term = [x = op.x](std::int64_t first, std::int64_t end) {
    double total = 0;
#pragma omp simd reduction(+ : total)
    for (std::int64_t i = first; i < end; ++i) total += static_cast<double>(abs(x[i]));
    return total;
  };
  *op.result = reduced(op.size, term, sum);
}

void abs_max(const Reduction& op) {
  const auto term = [x = op.x](std::int64_t first, std::int64_t end) {
    float block_max = 0;
    std::int32_t none = 0;  // numbers that are none
#pragma omp simd reduction(max : block_max) reduction(+ : none)
    for (std::int64_t i = first; i < end; ++i) {
      block_max = abs(x[i]) > block_max ? abs(x[i]) : block_max;
      none += x[i] != x[i] ? 1 : 0;
    }
    return none > 0 ? __builtin_inf() : static_cast<double>(block_max);
  };
  *op.result = reduced(op.size, term, [](double a, double b) { return a > b ? a : b; });
}

// A task is a block of a segment; short segments (rows) are many, so that tasks of several are run together.
void sum_of_squares(const SumOfSquares& op) {
  constexpr std::int64_t kMaxRows = 1024;  // segments of one block that are summed together
  double total = 0, sums[kMaxRows];
  for (std::int64_t i = 0; i < op.count;) {
    if (op.segments[i].size > kBlock) {
      const ConstSegment& segment = op.segments[i++];
      const auto term = [&](std::int64_t first, std::int64_t end) {
        return squares_of(segment.x + first, end - first);
      };
      const double squares = reduced(segment.size, term, sum);
      if (op.sums != nullptr) op.sums[i - 1] = squares;
      total += squares;
      continue;
    }
    std::int64_t rows = 0;
    while (i + rows < op.count && rows < kMaxRows && op.segments[i + rows].size <= kBlock) ++rows;
    parallel_for(block_count(rows, kRowBlock), [&](std::int64_t block) {
      for (std::int64_t row = block * kRowBlock; row < min((block + 1) * kRowBlock, rows); ++row)
        sums[row] = squares_of(op.segments[i + row].x, op.segments[i + row].size);
    });
    for (std::int64_t row = 0; row < rows; ++row) {
      if (op.sums != nullptr) op.sums[i + row] = sums[row];
      total += sums[row];
    }
    i += rows;
  }
  *op.result = total;
}

}  // namespace bertune::kernels::BERTUNE_ISA
