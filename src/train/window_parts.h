// Texts with more windows than a batch may have. The gradient of a window needs the logits of all of them: a
// first pass over the text's batches computes these, and a second one gradients, so that memory is that of
// one batch. Dropout draws the same numbers in both.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bertune/batch.h"
#include "bertune/model.h"

namespace bertune::train {

class WindowParts {
 public:
  WindowParts(BertPreTrainedModel& model, std::uint64_t dropout_step)
      : model_(model), dropout_step_(dropout_step) {}

  // Returns the batch, one of those of a step and given in their order, as the model takes it: with the
  // logits of all windows where it has a part of a text's. Valid until the next call.
  const Batch& complete(const Batch& batch, std::span<const Batch> all);

 private:
  void compute_logits(const Batch& first, std::span<const Batch> all);

  BertPreTrainedModel& model_;
  std::uint64_t dropout_step_;
  Batch part_;
  std::vector<float> logits_;  // of the text that the last part was of
};

}  // namespace bertune::train
