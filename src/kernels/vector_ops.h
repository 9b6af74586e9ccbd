// The part of the table of operations that knows nothing of models: numbers in a row, and sums over them.
// Sums are of blocks of fixed borders, in double, added up in order.
#pragma once

#include <cstdint>

namespace bertune::kernels {

struct Segment {
  float* x = nullptr;
  std::int64_t size = 0;
};
struct ConstSegment {
  const float* x = nullptr;
  std::int64_t size = 0;
};

// x = value in all segments.
struct Fill {
  const Segment* segments = nullptr;
  std::int64_t count = 0;
  float value = 0;
};
// x *= factor
struct Scale {
  std::int64_t size = 0;
  float* x = nullptr;
  float factor = 1;
};
struct Copy {
  std::int64_t size = 0;
  float* to = nullptr;
  const float* from = nullptr;
};
// *result = 1 where a and b are the same bits, else 0.
struct Equal {
  std::int64_t size = 0;
  const float *a = nullptr, *b = nullptr;
  double* result = nullptr;
};
// y = a * x + b * y; x may be y
struct Axpby {
  std::int64_t size = 0;
  double a = 1;
  const float* x = nullptr;
  double b = 0;
  float* y = nullptr;
};
// x[n,n] += value on its diagonal
struct AddToDiagonal {
  std::int64_t n = 0;
  float* x = nullptr;
  float value = 0;
};

// *result = sum of a * b
struct Dot {
  std::int64_t size = 0;
  const float *a = nullptr, *b = nullptr;
  double* result = nullptr;
};
// *result = the sum of |x|, or the largest |x|: infinity if one is NaN, so that no search takes
// it for small.
struct Reduction {
  std::int64_t size = 0;
  const float* x = nullptr;
  double* result = nullptr;
};
// *result = the sum of x^2 over all segments, each summed for itself.
struct SumOfSquares {
  const ConstSegment* segments = nullptr;
  std::int64_t count = 0;
  double* result = nullptr;
  double* sums = nullptr;  // [count]: those of the segments; null: not wanted
};

}  // namespace bertune::kernels
