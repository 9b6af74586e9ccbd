#include "train/evaluation.h"

#include <algorithm>

#include "bertune/error.h"
#include "train/interrupt.h"

namespace bertune::train {

void for_each_logits(BertPreTrainedModel& model, const tasks::Features& features, std::int64_t batch_size,
                     const std::function<void(std::int64_t, std::span<const float>)>& row) {
  const bool was_training = model.training();
  if (was_training) model.eval();
  const std::int64_t num_labels = model.config().num_labels();
  Batch batch;
  for (std::int64_t first = 0; first < features.rows(); first += batch_size) {
    const std::int64_t end = std::min(first + batch_size, features.rows());
    batch.clear();
    for (std::int64_t i = first; i < end; ++i) features.add_to(batch, i, num_labels);
    batch.labels.clear(), batch.targets.clear();
    const std::span<const float> logits = model.forward(batch).logits;
    for (std::int64_t i = first; i < end; ++i) {
      row(i, logits.subspan(static_cast<std::size_t>((i - first) * num_labels),
                            static_cast<std::size_t>(num_labels)));
    }
    if (interrupt_requested()) throw Interrupted("stopped while evaluating");
  }
  if (was_training) model.train();
}

tasks::Metrics evaluate(BertPreTrainedModel& model, const tasks::Features& features, std::int64_t batch_size,
                        const std::function<void(std::int64_t)>& progress) {
  const BertConfig& config = model.config();
  const ProblemType type = config.problem_type.value_or(ProblemType::single_label_classification);
  const auto width = static_cast<std::size_t>(config.num_labels());
  tasks::MetricsAccumulator metrics(type, config.id2label);
  for_each_logits(model, features, batch_size, [&](std::int64_t index, std::span<const float> logits) {
    const auto row = static_cast<std::size_t>(index);
    if (type == ProblemType::single_label_classification) {
      metrics.add(logits, features.labels[row]);
    } else {
      metrics.add(logits, std::span(features.targets).subspan(row * width, width));
    }
    if (progress) progress(index + 1);
  });
  return metrics.result();
}

}  // namespace bertune::train
