// Batches of labeled texts for learning what makes texts alike (SetFit, Tunstall et al. 2022, 2209.11055):
// all pairs of a batch's texts are compared, within a class and across classes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/text_classification/examples.h"

namespace bertune::tasks {

struct ContrastiveOptions {
  std::int64_t steps = 0;
  std::int64_t texts = 32;  // of a step, at most; at least 2
  std::uint64_t seed = 42;
};

// Each row is a step: some texts of several classes, each once, and as targets the cosine that each two of
// them should have. That is 1 within a class and 0 across classes; of several labels the share that two texts
// have in common (Jaccard).
class ContrastiveExamples : public Examples {
 public:
  // `texts` must outlive it, and have classes or several labels.
  ContrastiveExamples(const TextClassificationExamples& texts, const ContrastiveOptions& options);

  std::int64_t rows() const override { return static_cast<std::int64_t>(steps_.size()); }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return tokens_[static_cast<std::size_t>(rows)];
  }
  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;

  const std::vector<std::int64_t>& texts_of(std::int64_t row) const {
    return steps_[static_cast<std::size_t>(row)];
  }
  float target(std::int64_t text, std::int64_t other) const;

 private:
  const TextClassificationExamples& texts_;
  std::vector<std::vector<std::int64_t>> steps_;  // rows of `texts`
  std::vector<std::int64_t> tokens_ = {0};        // [rows + 1]
};

}  // namespace bertune::tasks
