// The tables that the tests of this folder are run on: those that this machine can run, and that for AMX
// wherever the rest of it can run, its tiles emulated.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "kernels/ops.h"
#include "kernels/tile_emulator.h"

namespace bertune::kernels {

namespace amx {
extern const OpTable kTable;
}

namespace testing {

// Null: this machine cannot run it.
inline const OpTable* find_table(std::string_view name) {
  const std::vector<const OpTable*> tables = supported_tables();
  const auto found = std::ranges::find(tables, name, [](const OpTable* table) { return table->name; });
  return found != tables.end() ? *found : nullptr;
}

inline std::vector<const OpTable*> tested_tables() {
  std::vector<const OpTable*> tables = supported_tables();
  if (find_table("amx") == nullptr && find_table("avx512_bf16") != nullptr) {
    emulate_tiles();
    tables.push_back(&amx::kTable);
  }
  return tables;
}

// What a loss of the table is.
template <typename Op>
double loss_of(void (*operation)(const Op&), Op op) {
  double loss = 0;
  op.loss = &loss;
  operation(op);
  return loss;
}

// Largest difference over the largest magnitude: sums of n terms in another order differ by a few n^(1/2)
// roundings.
inline void expect_close(const std::vector<float>& actual, const std::vector<float>& expected,
                         double tolerance, const char* what) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 1e-30, difference = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_TRUE(std::isfinite(actual[i])) << what << " at " << i;
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    difference = std::max(difference, std::abs(static_cast<double>(actual[i]) - expected[i]));
  }
  EXPECT_LE(difference / largest, tolerance) << what;
}

}  // namespace testing
}  // namespace bertune::kernels
