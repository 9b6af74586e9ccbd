#include "kernels/cpu/operations.h"

#include "kernels/cpu/element_blocks.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/rowwise.h"
#include "kernels/cpu/vector_math.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

template <typename F>
struct ValueAndSlope {
  F value, slope;
};

// Each for one number and for a vector of them.
struct Gelu {
  template <typename F>
  static ValueAndSlope<F> at(F x) {
    constexpr float kSqrtHalf = 0.707106781F, kInvSqrtTwoPi = 0.398942280F;
    const F gauss = exp(-0.5F * x * x), magnitude = abs(x);
    const F tail = half_erfc(magnitude * kSqrtHalf, gauss);
    const F cdf = select(x < 0.0F, tail, 1.0F - tail);
    return {max(F{}, x) - magnitude * tail, cdf + x * gauss * kInvSqrtTwoPi};
  }
};
struct GeluTanh {
  template <typename F>
  static ValueAndSlope<F> at(F x) {
    constexpr float kSqrtTwoOverPi = 0.797884561F, kCubic = 0.044715F;
    const F t = tanh(kSqrtTwoOverPi * (x + kCubic * x * x * x));
    return {0.5F * x * (1.0F + t),
            0.5F * (1.0F + t) + 0.5F * x * (1.0F - t * t) * kSqrtTwoOverPi * (1.0F + 3.0F * kCubic * x * x)};
  }
};
struct QuickGelu {
  template <typename F>
  static ValueAndSlope<F> at(F x) {
    const F s = sigmoid(1.702F * x);
    return {x * s, s + 1.702F * x * s * (1.0F - s)};
  }
};
struct Relu {
  template <typename F>
  static ValueAndSlope<F> at(F x) {
    return {max(F{}, x), select(x > 0.0F, F{} + 1.0F, F{})};
  }
};
struct Silu {
  template <typename F>
  static ValueAndSlope<F> at(F x) {
    const F s = sigmoid(x);
    return {x * s, s + x * s * (1.0F - s)};
  }
};
struct Tanh {
  template <typename F>
  static ValueAndSlope<F> at(F x) {
    const F t = tanh(x);
    return {t, 1.0F - t * t};
  }
};

template <typename F>
void forward(const ActivationForward& op) {
  for_parts(op.rows, op.n, op.producer, [&](const Part& part) {
    const std::int64_t begin = part.first_column, width = part.end_column - begin;
    for (std::int64_t t = part.first; t < part.end; ++t) {
      float *x = op.x + t * op.n + begin, *y = op.y + t * op.n + begin;
      for_each_vector(width, [=, bias = op.bias + begin](std::int64_t c, auto lanes) {
        const auto biased = read(x + c, lanes) + read(bias + c, lanes);
        store(x + c, biased);
        store(y + c, F::at(biased).value);
      });
    }
  });
}

template <typename F>
void backward(const ActivationBackward& op) {
  for_parts(op.rows, op.n, op.producer, [&](const Part& part) {
    const std::int64_t begin = part.first_column, width = part.end_column - begin;
    float* partial = op.partial_sums + part.first / kRowBlock * op.n + begin;
    for (std::int64_t c = 0; c < width; ++c) partial[c] = 0;
    for (std::int64_t t = part.first; t < part.end; ++t) {
      const std::int64_t at = t * op.n + begin;
      const float *x = op.x + at, *dy = op.dy + at;
      float *dx = op.dx + at, *y = op.y != nullptr ? op.y + at : nullptr;
      for_each_vector(width, [=](std::int64_t c, auto lanes) {
        const auto f = F::at(read(x + c, lanes));
        const auto gradient = read(dy + c, lanes) * f.slope;
        store(dx + c, gradient);
        if (y != nullptr) store(y + c, f.value);
        store(partial + c, read(partial + c, lanes) + gradient);
      });
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
