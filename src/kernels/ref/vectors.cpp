// The meaning of the operations on numbers in a row.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/ref/table.h"

namespace bertune::kernels::ref {

void fill(const Fill& op) {
  for (std::int64_t i = 0; i < op.count; ++i) std::fill_n(op.segments[i].x, op.segments[i].size, op.value);
}

void scale(const Scale& op) {
  for (std::int64_t i = 0; i < op.size; ++i) op.x[i] *= op.factor;
}

void copy(const Copy& op) { std::copy_n(op.from, op.size, op.to); }

void equal(const Equal& op) {
  bool same = true;
  for (std::int64_t i = 0; i < op.size; ++i)
    same = same && std::bit_cast<std::uint32_t>(op.a[i]) == std::bit_cast<std::uint32_t>(op.b[i]);
  *op.result = same ? 1 : 0;
}

void axpby(const Axpby& op) {
  for (std::int64_t i = 0; i < op.size; ++i) op.y[i] = static_cast<float>(op.a * op.x[i] + op.b * op.y[i]);
}

void add_to_diagonal(const AddToDiagonal& op) {
  for (std::int64_t i = 0; i < op.n; ++i) op.x[i * (op.n + 1)] += op.value;
}

void dot(const Dot& op) {
  double sum = 0;
  for (std::int64_t i = 0; i < op.size; ++i) sum += static_cast<double>(op.a[i]) * op.b[i];
  *op.result = sum;
}

void abs_sum(const Reduction& op) {
  double sum = 0;
  for (std::int64_t i = 0; i < op.size; ++i) sum += std::abs(op.x[i]);
  *op.result = sum;
}

void abs_max(const Reduction& op) {
  double max = 0;
  for (std::int64_t i = 0; i < op.size; ++i) {
    const double magnitude = std::abs(op.x[i]);
    max = std::max(max, std::isnan(magnitude) ? std::numeric_limits<double>::infinity() : magnitude);
  }
  *op.result = max;
}

void sum_of_squares(const SumOfSquares& op) {
  double total = 0;
  for (std::int64_t i = 0; i < op.count; ++i) {
    const ConstSegment& segment = op.segments[i];
    double sum = 0;
    for (std::int64_t j = 0; j < segment.size; ++j) sum += static_cast<double>(segment.x[j]) * segment.x[j];
    if (op.sums != nullptr) op.sums[i] = sum;
    total += sum;
  }
  *op.result = total;
}

}  // namespace bertune::kernels::ref
