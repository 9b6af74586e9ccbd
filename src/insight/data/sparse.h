// Rows of numbers most of which are zero.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "train/logistic_regression.h"

namespace bertune::insight {

struct SparseRows {
  std::vector<std::int32_t> columns;   // [values], ascending within a row, from 0
  std::vector<float> values;           // [values]
  std::vector<std::size_t> begins{0};  // [rows + 1]
  std::int32_t width = 0;

  std::int64_t rows() const { return static_cast<std::int64_t>(begins.size()) - 1; }
  train::LabelledFeatures view() const {
    return {.values = values, .width = width, .columns = columns, .begins = begins};
  }
  std::size_t begin(std::int64_t row) const { return begins[static_cast<std::size_t>(row)]; }
  std::size_t end(std::int64_t row) const { return begins[static_cast<std::size_t>(row) + 1]; }
};

}  // namespace bertune::insight
