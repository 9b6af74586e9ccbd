// exp, erf and tanh that the compiler can put into vector loops: no branches, no calls.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

inline float select(bool condition, float yes, float no) { return condition ? yes : no; }
inline float absolute(float x) { return select(x < 0, -x, x); }

// e^x to about 1e-7 relative. x = n ln 2 + r with |r| <= ln(2)/2: a polynomial for e^r (Taylor, adjusted in
// the last terms), then n into the exponent bits. Below -87 the result is 0 (or a denormal flushed), above 88
// it saturates.
inline float exponential(float x) {
  x = select(x < -87.0F, -87.0F, x);
  x = select(x > 88.0F, 88.0F, x);
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float n = (x * 1.44269504F + kRound) - kRound;
  const float r = (x - n * 0.693145752F) - n * 1.42860677e-6F;  // ln 2 in two parts
  float p = 1.98412698e-4F;
  p = p * r + 1.38888889e-3F;
  p = p * r + 8.33333333e-3F;
  p = p * r + 4.16666667e-2F;
  p = p * r + 1.66666667e-1F;
  p = p * r + 0.5F;
  p = p * r * r + r + 1.0F;
  const std::int32_t bits = (static_cast<std::int32_t>(n) + 127) << 23;
  return p * __builtin_bit_cast(float, bits);
}

// 1 - erf(x) for x >= 0, given e^(-x^2); the polynomial is fitted by tools/fit_erfcx.py (error below 1e-8).
inline float complementary_error(float x, float exp_of_minus_square) {
  const float t = 1.0F / (1.0F + 0.4F * x);
  float p = 0.0739310011F;
  p = p * t - 0.387872964F;
  p = p * t + 0.658245504F;
  p = p * t - 0.327242583F;
  p = p * t + 0.363348991F;
  p = p * t + 0.164608523F;
  p = p * t + 0.229147643F;
  p = p * t + 0.225833893F;
  return p * t * exp_of_minus_square;
}

inline float hyperbolic_tangent(float x) {
  const float magnitude = absolute(x);
  const float t = 1.0F - 2.0F / (exponential(2.0F * magnitude) + 1.0F);
  // Near zero the difference above loses digits; there tanh x = x - x^3/3 + 2x^5/15 - 17x^7/315.
  const float square = x * x;
  const float series =
      magnitude * (1.0F + square * (-0.333333333F + square * (0.133333333F - square * 0.053968254F)));
  const float result = select(magnitude < 0.25F, series, t);
  return select(x < 0, -result, result);
}

inline float logistic(float x) { return 1.0F / (1.0F + exponential(-x)); }

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
