// The logits of texts that are read in windows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "bertune/prediction.h"
#include "tasks/text_classification/examples.h"

namespace bertune::tasks {

struct TextLogits {
  std::int64_t text = 0;
  std::span<const float> logits;   // [labels]
  std::span<const float> windows;  // [windows, labels]; empty of a text that is a row
};

// Pools the logits of windows to those of their texts, as training does.
class WindowPool {
 public:
  // `examples` must outlive the pool.
  explicit WindowPool(const TextClassificationExamples& examples) : examples_(examples) {}

  // Takes the outputs for rows of the examples, in order, and gives each text once it is complete.
  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output,
           const std::function<void(const TextLogits&)>& use);

 private:
  void pool();

  const TextClassificationExamples& examples_;
  std::int64_t text_ = 0;
  std::vector<float> windows_, logits_;  // of the text that is not complete
};

// Returns the window that says most for the prediction of the text; none of a text in one window.
std::optional<DecidingWindow> deciding_window(ProblemType type, const TextLogits& text,
                                              const TextClassificationExamples& examples);

}  // namespace bertune::tasks
