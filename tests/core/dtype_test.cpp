#include "core/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bertune {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Every number between two neighbours of the short format goes to the nearer one, their middle to the one
// that is even. `largest` is the pattern of the largest finite number.
template <typename Widen, typename Round>
void expect_rounding(Widen widen, Round round, std::uint16_t largest) {
  for (std::uint32_t bits = 0; bits <= largest; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits), high = static_cast<std::uint16_t>(bits + 1);
    const float value = widen(low);
    ASSERT_EQ(round(value), low) << bits;
    ASSERT_EQ(round(-value), low | 0x8000) << bits;
    if (low == largest) break;
    const float middle = value + (widen(high) - value) / 2;
    ASSERT_EQ(round(middle), bits % 2 == 0 ? low : high) << bits;
    ASSERT_EQ(round(std::nextafter(middle, 0.0F)), low) << bits;
    ASSERT_EQ(round(std::nextafter(middle, kInfinity)), high) << bits;
  }
}

TEST(Dtype, RoundsToTheNearestF16) {
  expect_rounding(f16_to_f32, f32_to_f16, 0x7BFF);
  EXPECT_EQ(f32_to_f16(65519.996F), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7C00);  // half-way to 2^16
  EXPECT_EQ(f32_to_f16(-1e30F), 0xFC00);
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Dtype, RoundsToTheNearestBf16) {
  // Below its own smallest normal number the middle of two neighbours is exact in f32 as well.
  expect_rounding(bf16_to_f32, f32_to_bf16, 0x7F7F);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7F80);
}

TEST(Dtype, KeepsWhatIsNoNumber) {
  for (const std::uint32_t bits : {0x7F800001U, 0x7FC00000U, 0x7FFFFFFFU, 0xFF800001U, 0xFFFFFFFFU}) {
    const auto nan = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(nan)))) << std::hex << bits;
    EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(nan)))) << std::hex << bits;
  }
  EXPECT_EQ(f32_to_f16(-kInfinity), 0xFC00);
  EXPECT_EQ(f32_to_bf16(kInfinity), 0x7F80);
}

}  // namespace
}  // namespace bertune
