#include "tasks/text_classification/windows.h"

#include <algorithm>

#include "bertune/metrics.h"

namespace bertune::tasks {

void WindowPool::add(std::int64_t first_row, const Batch& batch, const ModelOutput& output,
                     const std::function<void(const TextLogits&)>& use) {
  const auto width = static_cast<std::size_t>(examples_.num_labels);
  const bool pools = examples_.has_windows() && batch.cu_texts.empty();
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch.texts()); ++i) {
    const std::span<const float> logits = output.logits.subspan(i * width, width);
    if (!pools) {
      use({first_row + static_cast<std::int64_t>(i), logits, {}});
      continue;
    }
    windows_.insert(windows_.end(), logits.begin(), logits.end());
    const auto text = static_cast<std::size_t>(text_);
    const std::int64_t row = first_row + static_cast<std::int64_t>(i);
    if (row + 1 < examples_.cu_texts[text + 1]) continue;
    pool();
    use({text_, logits_, windows_});
    windows_.clear();
    ++text_;
  }
}

void WindowPool::pool() {
  const auto width = static_cast<std::size_t>(examples_.num_labels);
  const bool is_max = examples_.window_score == WindowScore::max;
  logits_.assign(windows_.begin(), windows_.begin() + static_cast<std::ptrdiff_t>(width));
  for (std::size_t i = width; i < windows_.size(); ++i) {
    float& logit = logits_[i % width];
    logit = is_max ? std::max(logit, windows_[i]) : logit + windows_[i];
  }
  if (is_max) return;
  const float factor = 1 / static_cast<float>(windows_.size() / width);
  for (float& logit : logits_) logit *= factor;
}

std::optional<DecidingWindow> deciding_window(ProblemType type, const TextLogits& text,
                                              const TextClassificationExamples& examples) {
  const std::size_t width = text.logits.size(), windows = text.windows.size() / width;
  if (windows < 2) return std::nullopt;
  const auto label = static_cast<std::size_t>(std::ranges::max_element(text.logits) - text.logits.begin());
  DecidingWindow best;
  best.windows = static_cast<std::int64_t>(windows);
  for (std::size_t i = 0; i < windows; ++i) {
    const std::span<const float> logits = text.windows.subspan(i * width, width);
    const double score =
        type == ProblemType::regression ? double{logits[0]} : probabilities(type, logits)[label];
    if (i == 0 || score > best.score) best.index = static_cast<std::int64_t>(i), best.score = score;
  }
  if (!examples.places.empty()) {
    best.place = examples.places[static_cast<std::size_t>(
        examples.cu_texts[static_cast<std::size_t>(text.text)] + best.index)];
  }
  return best;
}

}  // namespace bertune::tasks
