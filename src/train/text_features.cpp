#include "train/text_features.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "bertune/batch.h"
#include "bertune/error.h"
#include "tasks/batches.h"

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

void encode_rows(
    BertPreTrainedModel& model, const PackedEncodings& encodings, std::int64_t rows,
    const std::stop_token& stop, const RowsProgress& progress,
    const std::function<void(std::int64_t first, const Batch& batch, const ModelOutput& output)>& use) {
  constexpr std::int64_t kBatch = 64;
  model.eval();
  Batch batch;
  for (std::int64_t first = 0; first < rows; first += kBatch) {
    batch.clear();
    const std::int64_t end = std::min(first + kBatch, rows);
    for (std::int64_t row = first; row < end; ++row) tasks::add_row(encodings, row, batch);
    use(first, batch, model.forward(batch));
    if (stop.stop_requested()) throw Interrupted("stopped while reading the texts");
    if (progress) progress(end, rows);
  }
}

std::vector<float> text_features(BertPreTrainedModel& model, const tasks::PackedExamples& examples,
                                 const std::stop_token& stop, const RowsProgress& progress) {
  const auto width = static_cast<std::size_t>(model.config().hidden_size);
  const std::int64_t rows = static_cast<std::int64_t>(examples.begins.size()) - 1;
  std::vector<float> features;
  features.reserve(static_cast<std::size_t>(rows) * width);
  encode_rows(model, examples, rows, stop, progress,
              [&](std::int64_t /*first*/, const Batch& /*batch*/, const ModelOutput& output) {
                features.insert(features.end(), output.logits.begin(), output.logits.end());
              });
  for (std::size_t at = 0; at < features.size(); at += width)
    normalize(std::span(features).subspan(at, width));
  return features;
}

}  // namespace bertune::train
