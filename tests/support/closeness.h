// Comparisons of tensors whose failures say which tensor, which element, both values and how far apart.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace bertune::testing {

template <typename T>
double largest(std::span<const T> values) {
  double result = 0;
  for (const T value : values) result = std::max(result, std::abs(static_cast<double>(value)));
  return result;
}

template <typename T>
double norm(std::span<const T> values) {
  double sum = 0;
  for (const T value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

// What two tensors of one size differ by. A NaN on either side counts as an infinite difference.
struct Difference {
  double norm = 0;
  double largest = 0;
  std::size_t index = 0;  // of the largest
};

template <typename A, typename E>
Difference difference(std::span<const A> actual, std::span<const E> expected) {
  Difference result;
  double squares = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    double distance = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (std::isnan(distance)) distance = HUGE_VAL;
    squares += distance * distance;
    if (distance > result.largest) {
      result.largest = distance;
      result.index = i;
    }
  }
  result.norm = std::sqrt(squares);
  return result;
}

namespace detail {
template <typename A, typename E>
::testing::AssertionResult failure(const std::string& name, std::span<const A> actual,
                                   std::span<const E> expected, const Difference& found, double measured,
                                   double allowed) {
  return ::testing::AssertionFailure()
         << name << ": differs by " << measured << ", allowed " << allowed << "; most at [" << found.index
         << "] of " << actual.size() << ": " << static_cast<double>(actual[found.index]) << " instead of "
         << static_cast<double>(expected[found.index]);
}

template <typename A, typename E>
::testing::AssertionResult same_size(const std::string& name, std::span<const A> actual,
                                     std::span<const E> expected) {
  if (actual.size() == expected.size()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << name << ": " << actual.size() << " numbers instead of " << expected.size();
}
}  // namespace detail

// Every element within `tolerance` of what is expected, on the scale of the largest element where that is
// above 1.
template <typename A, typename E>
::testing::AssertionResult elements_close(const std::string& name, std::span<const A> actual,
                                          std::span<const E> expected, double tolerance) {
  if (auto size = detail::same_size(name, actual, expected); !size) return size;
  const Difference found = difference(actual, expected);
  const double allowed = tolerance * std::max(1.0, largest(expected));
  if (found.largest <= allowed) return ::testing::AssertionSuccess();
  return detail::failure(name, actual, expected, found, found.largest, allowed);
}

// The 2-norm of the difference within `tolerance` times `scale`, by default the 2-norm of what is expected.
template <typename A, typename E>
::testing::AssertionResult norm_close(const std::string& name, std::span<const A> actual,
                                      std::span<const E> expected, double tolerance, double scale = -1) {
  if (auto size = detail::same_size(name, actual, expected); !size) return size;
  const Difference found = difference(actual, expected);
  if (scale < 0) scale = norm(expected);
  if (found.norm <= tolerance * scale) return ::testing::AssertionSuccess();
  return detail::failure(name, actual, expected, found, found.norm / (scale > 0 ? scale : 1), tolerance);
}

// The same bits, every one: a run repeated, or split otherwise among threads.
inline ::testing::AssertionResult same_bits(const std::string& name, std::span<const float> actual,
                                            std::span<const float> expected) {
  if (auto size = detail::same_size(name, actual, expected); !size) return size;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(actual[i]) != std::bit_cast<std::uint32_t>(expected[i])) {
      return ::testing::AssertionFailure()
             << name << "[" << i << "]: " << std::hexfloat << actual[i] << " instead of " << expected[i];
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace bertune::testing
