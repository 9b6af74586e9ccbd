// Number formats of checkpoints, their exact widening to f32, and rounding back.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bertune {

enum class DType { f32, f16, bf16, f64, i64, i32, i16, i8, u8, boolean };

std::size_t size_of(DType dtype);
std::string_view safetensors_name(DType dtype);  // "F32", ...
std::optional<DType> dtype_from_safetensors_name(std::string_view name);

inline float bf16_to_f32(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

inline float f16_to_f32(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000U} << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU, mantissa = half & 0x3FFU;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float subnormal = static_cast<float>(mantissa) * 0x1p-24F;
  return sign != 0 ? -subnormal : subnormal;
}

// Rounds to nearest, ties to even. Overflow becomes infinity; NaN stays NaN.
inline std::uint16_t f32_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool is_nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  return static_cast<std::uint16_t>((is_nan ? bits | 0x400000U : bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

inline std::uint16_t f32_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000U, magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000U) {
    half = 0x7E00;
  } else if (magnitude >= 0x47800000U) {  // from 2^16
    half = 0x7C00;
  } else if (magnitude >= 0x38800000U) {  // from 2^-14: normal numbers; a carry continues into the exponent
    const std::uint32_t rebiased = magnitude - (112U << 23);
    half = (rebiased + 0xFFFU + (rebiased >> 13 & 1U)) >> 13;
  } else {  // multiples of 2^-24, to which the sum with 1/2 is rounded
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) -
           std::bit_cast<std::uint32_t>(0.5F);
  }
  return static_cast<std::uint16_t>(sign | half);
}

}  // namespace bertune
