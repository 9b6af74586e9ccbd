// exp, erf and tanh that the compiler can put into vector loops: no branches, no calls. What is written for F
// takes a float or a vector of them.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

inline float select(bool condition, float yes, float no) { return condition ? yes : no; }
inline Vec select(Indices condition, Vec yes, Vec no) { return condition ? yes : no; }

// The second if either is NaN. (Of vectors: one instruction, which GCC does not find by itself.)
inline float max(float a, float b) { return a > b ? a : b; }
inline float min(float a, float b) { return a < b ? a : b; }
#if defined(__AVX512F__)
inline Vec max(Vec a, Vec b) { return _mm512_maskz_max_ps(0xFFFF, a, b); }
inline Vec min(Vec a, Vec b) { return _mm512_maskz_min_ps(0xFFFF, a, b); }
#elif defined(__AVX__)
inline Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
inline Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
#else
inline Vec max(Vec a, Vec b) { return _mm_max_ps(a, b); }
inline Vec min(Vec a, Vec b) { return _mm_min_ps(a, b); }
#endif

inline std::uint32_t bits_of(float x) { return __builtin_bit_cast(std::uint32_t, x); }
inline Bits bits_of(Vec x) { return reinterpret_cast<Bits>(x); }
inline float from_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
inline Vec from_bits(Bits bits) { return reinterpret_cast<Vec>(bits); }

template <typename F>
inline F abs(F x) {
  return from_bits(bits_of(x) & 0x7FFFFFFF);
}

// Adding kRound to a number of at most 2^22 rounds that to an integer, which the lowest bits of the sum then
// hold.
constexpr float kRound = 12582912.0F;  // 1.5 * 2^23

// x * 2^n for shifted = n + kRound and n within the exponents of normal numbers.
template <typename F>
inline F scaled(F x, F shifted) {
  return x * from_bits((bits_of(shifted) << 23) + (127U << 23));
}
#if defined(__AVX512F__)
inline Vec scaled(Vec x, Vec shifted) { return _mm512_maskz_scalef_ps(0xFFFF, x, shifted - kRound); }
#endif

// e^x to about 1e-7 relative. x = n ln 2 + r with |r| <= ln(2)/2: a polynomial for e^r (Taylor, adjusted in
// the last terms), then n into the exponent bits. Below -87 and above 88 it saturates.
template <typename F>
inline F exp(F x) {
  x = min(F{} + 88.0F, max(F{} - 87.0F, x));
  const F shifted = x * 1.44269504F + kRound, n = shifted - kRound;
  const F r = (x - n * 0.693145752F) - n * 1.42860677e-6F;  // ln 2 in two parts
  F p = F{} + 1.98412698e-4F;
  p = p * r + 1.38888889e-3F;
  p = p * r + 8.33333333e-3F;
  p = p * r + 4.16666667e-2F;
  p = p * r + 1.66666667e-1F;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  return scaled(p, shifted);
}

// ln x of a positive x: y from its exponent and mantissa, to 0.06, then Halley's method for e^y = x, which
// cubes the error at each step.
inline Vec log(Vec x) {
  constexpr float kLn2 = 0.693147181F, kOne = 127 << 23;
  Vec y = (__builtin_convertvector(reinterpret_cast<Indices>(x), Vec) - kOne) * (kLn2 / (1 << 23));
#pragma GCC unroll 2
  for (int step = 0; step < 2; ++step) {
    const Vec power = exp(y);
    y += 2.0F * (x - power) / (x + power);
  }
  return y;
}

// (1 - erf(x)) / 2 for x >= 0, given e^(-x^2); the polynomial is fitted by tools/fit_erfcx.py (error of erf
// below 1e-8), its coefficients halved.
template <typename F>
inline F half_erfc(F x, F exp_of_minus_square) {
  const F t = 1.0F / (1.0F + 0.4F * x);
  F p = F{} + 0.5F * 0.0739310011F;
  p = p * t - 0.5F * 0.387872964F;
  p = p * t + 0.5F * 0.658245504F;
  p = p * t - 0.5F * 0.327242583F;
  p = p * t + 0.5F * 0.363348991F;
  p = p * t + 0.5F * 0.164608523F;
  p = p * t + 0.5F * 0.229147643F;
  p = p * t + 0.5F * 0.225833893F;
  return p * t * exp_of_minus_square;
}

template <typename F>
inline F tanh(F x) {
  const F magnitude = abs(x);
  const F t = 1.0F - 2.0F / (exp(2.0F * magnitude) + 1.0F);
  // The difference above loses digits near zero; there tanh x = x - x^3/3 + 2x^5/15 - 17x^7/315.
  const F square = x * x;
  const F series =
      magnitude * (1.0F + square * (-0.333333333F + square * (0.133333333F - square * 0.053968254F)));
  const F result = select(magnitude < 0.25F, series, t);
  return select(x < 0.0F, -result, result);
}

template <typename F>
inline F sigmoid(F x) {
  return 1.0F / (1.0F + exp(-x));
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
