#include "checkpoint/tensor_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace bertune::checkpoint {
namespace {

template <typename Stored>
std::vector<float> converted(DType dtype, const std::vector<Stored>& stored, std::size_t misalignment = 0) {
  std::vector<std::byte> bytes(misalignment + stored.size() * sizeof(Stored));
  std::memcpy(bytes.data() + misalignment, stored.data(), stored.size() * sizeof(Stored));
  std::vector<float> out(stored.size());
  convert_to_f32(dtype, std::span(bytes).subspan(misalignment), out);
  return out;
}

std::vector<std::uint16_t> every_pattern() {
  std::vector<std::uint16_t> patterns(1 << 16);
  for (std::size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<std::uint16_t>(i);
  return patterns;
}

// The value of a 16-bit float, from the definition of the format.
double defined_value(std::uint16_t bits, int mantissa_bits, int bias) {
  const int exponent_bits = 15 - mantissa_bits;
  const int exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) {
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  }
  const double fraction = std::ldexp(mantissa, -mantissa_bits) + (exponent == 0 ? 0 : 1);
  return sign * std::ldexp(fraction, std::max(exponent, 1) - bias);
}

void expect_exact(DType dtype, int mantissa_bits, int bias) {
  const std::vector<std::uint16_t> patterns = every_pattern();
  const std::vector<float> values = converted(dtype, patterns, 1);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const double expected = defined_value(patterns[i], mantissa_bits, bias);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(values[i])) << i;
    } else {
      ASSERT_EQ(values[i], expected) << i;
      ASSERT_EQ(std::signbit(values[i]), std::signbit(expected)) << i;
    }
  }
}

TEST(Convert, WidensEveryF16Exactly) { expect_exact(DType::f16, 10, 15); }

TEST(Convert, WidensEveryBf16Exactly) { expect_exact(DType::bf16, 7, 127); }

TEST(Convert, RoundsF64ToTheNearest) {
  EXPECT_EQ(converted<double>(DType::f64, {0.1, -1e-320, 1e300, 16777217.0}, 3),
            (std::vector<float>{0.1F, -0.0F, std::numeric_limits<float>::infinity(), 16777216.0F}));
}

TEST(Convert, CopiesF32BitForBitOverManyBlocks) {
  std::vector<float> values(700'001);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = static_cast<std::uint32_t>(i * 2654435761U);
    std::memcpy(&values[i], &bits, sizeof bits);
  }
  const std::vector<float> copied = converted(DType::f32, values, 5);
  EXPECT_EQ(std::memcmp(copied.data(), values.data(), values.size() * sizeof(float)), 0);
}

}  // namespace
}  // namespace bertune::checkpoint
