#include "train/window_parts.h"

namespace bertune::train {

const Batch& WindowParts::complete(const Batch& batch, std::span<const Batch> all) {
  if (batch.windows() == batch.sequences()) return batch;
  if (batch.first_window == 0) compute_logits(batch, all);
  part_ = batch;
  part_.window_logits = logits_;
  return part_;
}

void WindowParts::compute_logits(const Batch& first, std::span<const Batch> all) {
  logits_.clear();
  std::int64_t left = first.windows();
  for (const Batch* part = &first; left > 0 && part != all.data() + all.size(); ++part) {
    part_ = *part;
    part_.cu_texts.clear(), part_.labels.clear(), part_.targets.clear();
    part_.first_window = 0;
    model_.dropout_state().step = dropout_step_;
    const std::span<const float> logits = model_.forward(part_).logits;
    logits_.insert(logits_.end(), logits.begin(), logits.end());
    left -= part_.sequences();
  }
}

}  // namespace bertune::train
