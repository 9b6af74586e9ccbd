#include "kernels/cpu/activation.h"

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/rowwise.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

struct ValueAndSlope {
  float value, slope;
};

struct Gelu {
  static ValueAndSlope at(float x) {
    constexpr float kRootHalf = 0.707106781F, kInvRootTwoPi = 0.398942280F;
    const float gauss = exponential(-0.5F * x * x);
    const float tail = 0.5F * complementary_error(absolute(x) * kRootHalf, gauss);
    const float cdf = select(x < 0, tail, 1.0F - tail);
    return {x * cdf, cdf + x * gauss * kInvRootTwoPi};
  }
};
struct GeluTanh {
  static ValueAndSlope at(float x) {
    constexpr float kRoot = 0.797884561F, kCubic = 0.044715F;
    const float t = hyperbolic_tangent(kRoot * (x + kCubic * x * x * x));
    return {0.5F * x * (1.0F + t),
            0.5F * (1.0F + t) + 0.5F * x * (1.0F - t * t) * kRoot * (1.0F + 3.0F * kCubic * x * x)};
  }
};
struct QuickGelu {
  static ValueAndSlope at(float x) {
    const float s = logistic(1.702F * x);
    return {x * s, s + 1.702F * x * s * (1.0F - s)};
  }
};
struct Relu {
  static ValueAndSlope at(float x) { return {select(x > 0, x, 0.0F), select(x > 0, 1.0F, 0.0F)}; }
};
struct Silu {
  static ValueAndSlope at(float x) {
    const float s = logistic(x);
    return {x * s, s + x * s * (1.0F - s)};
  }
};
struct Tanh {
  static ValueAndSlope at(float x) {
    const float t = hyperbolic_tangent(x);
    return {t, 1.0F - t * t};
  }
};

template <typename F>
void forward(const ActivationForward& op) {
  for_row_blocks(op.rows, op.producer, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t t = first; t < end; ++t) {
      float *x = op.x + t * op.n, *y = op.y + t * op.n;
#pragma omp simd
      for (std::int64_t c = 0; c < op.n; ++c) {
        x[c] += op.bias[c];
        y[c] = F::at(x[c]).value;
      }
    }
  });
}

template <typename F>
void backward(const ActivationBackward& op) {
  for_row_blocks(op.rows, op.producer, [&](std::int64_t first, std::int64_t end) {
    float* partial = op.partial_sums + first / kRowBlock * op.n;
    for (std::int64_t c = 0; c < op.n; ++c) partial[c] = 0;
    for (std::int64_t t = first; t < end; ++t) {
      const float *x = op.x + t * op.n, *dy = op.dy + t * op.n;
      float *dx = op.dx + t * op.n, *y = op.y != nullptr ? op.y + t * op.n : nullptr;
#pragma omp simd
      for (std::int64_t c = 0; c < op.n; ++c) {
        const ValueAndSlope f = F::at(x[c]);
        dx[c] = dy[c] * f.slope;
        if (y != nullptr) y[c] = f.value;
        partial[c] += dx[c];
      }
    }
  });
  add_partial_sums(op.partial_sums, block_count(op.rows, kRowBlock), op.n, op.n, op.d_bias);
}

}  // namespace

void activation_forward(const ActivationForward& op) {
  switch (op.activation) {
    case Activation::gelu:
      return forward<Gelu>(op);
    case Activation::gelu_tanh:
      return forward<GeluTanh>(op);
    case Activation::quick_gelu:
      return forward<QuickGelu>(op);
    case Activation::relu:
      return forward<Relu>(op);
    case Activation::silu:
      return forward<Silu>(op);
    case Activation::tanh:
      return forward<Tanh>(op);
  }
}

void activation_backward(const ActivationBackward& op) {
  switch (op.activation) {
    case Activation::gelu:
      return backward<Gelu>(op);
    case Activation::gelu_tanh:
      return backward<GeluTanh>(op);
    case Activation::quick_gelu:
      return backward<QuickGelu>(op);
    case Activation::relu:
      return backward<Relu>(op);
    case Activation::silu:
      return backward<Silu>(op);
    case Activation::tanh:
      return backward<Tanh>(op);
  }
}

}  // namespace bertune::kernels::BERTUNE_ISA
