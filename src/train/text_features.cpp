#include "train/text_features.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "bertune/batch.h"
#include "bertune/error.h"

namespace bertune::train {
namespace {

void normalize(std::span<float> row) {
  const double mean = std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(row.size());
  double squares = 0;
  for (const float value : row) squares += (double{value} - mean) * (double{value} - mean);
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (float& value : row) value = static_cast<float>((double{value} - mean) * scale);
}

}  // namespace

std::vector<float> text_features(BertPreTrainedModel& model, const tasks::PackedExamples& examples,
                                 const std::stop_token& stop) {
  constexpr std::int64_t kBatch = 64;
  model.eval();
  const auto width = static_cast<std::size_t>(model.config().hidden_size);
  const std::int64_t rows = static_cast<std::int64_t>(examples.begins.size()) - 1;
  std::vector<float> features;
  features.reserve(static_cast<std::size_t>(rows) * width);
  Batch batch;
  for (std::int64_t first = 0; first < rows; first += kBatch) {
    batch.clear();
    for (std::int64_t row = first; row < std::min(first + kBatch, rows); ++row)
      tasks::add_row(examples, row, batch);
    const ModelOutput output = model.forward(batch);
    features.insert(features.end(), output.logits.begin(), output.logits.end());
    if (stop.stop_requested()) throw Interrupted("stopped while reading the texts");
  }
  for (std::size_t at = 0; at < features.size(); at += width)
    normalize(std::span(features).subspan(at, width));
  return features;
}

}  // namespace bertune::train
