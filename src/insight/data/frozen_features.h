// Features of texts and words from an encoder that is not trained.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "insight/data/encoding.h"
#include "tasks/packed_examples.h"
#include "tasks/token_classification/examples.h"
#include "train/logistic_regression.h"

namespace bertune::insight {

struct DenseRows {
  std::vector<float> values = {};  // [rows, width]
  std::int64_t width = 0;

  std::int64_t rows() const { return width > 0 ? static_cast<std::int64_t>(values.size()) / width : 0; }
  train::LabelledFeatures view() const { return {.values = values, .width = width}; }
  std::span<const float> row(std::int64_t row) const {
    return std::span(values).subspan(static_cast<std::size_t>(row * width), static_cast<std::size_t>(width));
  }
};

// Returns the mean of the last hidden states of each row. Throws Interrupted when the stop is requested.
DenseRows mean_pooled(const tasks::PackedExamples& examples, const Encoding& encoding);
// Returns the last hidden state of the first piece of each word of all sentences; zeros of words without one.
DenseRows word_states(const tasks::TokenClassificationFeatures& features, const Encoding& encoding);

// Moves the rows to a mean of zero and scales them to a mean square length of one: outputs of an encoder that
// was only pre-trained all point in one direction, which tells nothing.
void center(DenseRows& features);

DenseRows subset(const DenseRows& features, std::span<const std::int64_t> rows);

}  // namespace bertune::insight
