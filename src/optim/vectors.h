// Vectors in the memory of the table of operations, for searches over all parameters (LbfgsSearch).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/buffer.h"

namespace bertune::optim {

// The vectors of a search, in memory of the table. Views are of memory that the host need not be able to
// read; tests have vectors of doubles in this one's place.
struct TableVectors {
  using Real = float;
  using Vector = kernels::Buffer<float>;
  using View = std::span<const float>;

  static Vector zeros(std::size_t size) { return Vector(size); }
  static View view(const Vector& vector) { return vector.span(); }
  static std::span<float> view(Vector& vector) { return vector.span(); }

  static void copy(View from, std::span<float> to) {
    kernels::ops().copy({.size = count(from), .to = to.data(), .from = from.data()});
  }
  // y = a * x + b * y
  static void axpby(double a, View x, double b, std::span<float> y) {
    kernels::ops().axpby({.size = count(x), .a = a, .x = x.data(), .b = b, .y = y.data()});
  }
  static double dot(View a, View b) {
    return kernels::result_of(kernels::ops().dot,
                              kernels::Dot{.size = count(a), .a = a.data(), .b = b.data()});
  }
  static double abs_sum(View x) { return kernels::result_of(kernels::ops().abs_sum, all_of(x)); }
  // Returns infinity where there is a number that is NaN.
  static double abs_max(View x) { return kernels::result_of(kernels::ops().abs_max, all_of(x)); }

 private:
  static std::int64_t count(View x) { return static_cast<std::int64_t>(x.size()); }
  static kernels::Reduction all_of(View x) { return {.size = count(x), .x = x.data()}; }
};

}  // namespace bertune::optim
