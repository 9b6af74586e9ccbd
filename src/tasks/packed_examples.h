// Examples whose token ids lie end to end: all but pre-training's.
#pragma once

#include <cstdint>

#include "bertune/tokenizer.h"
#include "tasks/task.h"

namespace bertune::tasks {

struct PackedExamples : Examples, PackedEncodings {
  std::int64_t rows() const override { return static_cast<std::int64_t>(begins.size()) - 1; }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return begins[static_cast<std::size_t>(rows)];
  }
  std::int64_t tokens() const { return begins.back(); }

 protected:
  void add_tokens(Batch& batch, std::int64_t row) const;
  Fingerprint token_fingerprint() const;
};

}  // namespace bertune::tasks
