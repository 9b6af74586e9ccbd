// Examples whose token ids lie end to end: all but pre-training's.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bertune/prediction.h"
#include "bertune/tokenizer.h"
#include "tasks/task.h"

namespace bertune::tasks {

// Appends the tokens of a row to a batch.
void add_row(const PackedEncodings& encodings, std::int64_t row, Batch& batch);
Fingerprint fingerprint_of(const PackedEncodings& encodings);

struct PackedExamples : Examples, PackedEncodings {
  std::int64_t rows() const override { return static_cast<std::int64_t>(begins.size()) - 1; }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return begins[static_cast<std::size_t>(rows)];
  }
  std::int64_t count_of(std::int32_t token) const override { return std::ranges::count(input_ids, token); }
  std::int64_t tokens() const { return begins.back(); }
  Truncated truncated_at(std::int64_t max_length) const;
  // Returns whether tokens of the row were left out.
  bool is_cut(std::int64_t row, std::int64_t max_length) const {
    return lengths[static_cast<std::size_t>(row)] > max_length;
  }
  // Adds the tokens of a sequence to what is recorded of its item, and those that were left out.
  void count_tokens(std::int64_t sequence, ItemRecord& record) const;
};

}  // namespace bertune::tasks
