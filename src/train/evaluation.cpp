#include "train/evaluation.h"

#include <algorithm>

#include "bertune/error.h"

namespace bertune::train {

void for_each_output(BertPreTrainedModel& model, const tasks::Examples& examples, std::int64_t batch_size,
                     const std::stop_token& stop,
                     const std::function<void(std::int64_t, const Batch&, const ModelOutput&)>& use) {
  const bool was_training = model.training();
  if (was_training) model.eval();
  Batch batch;
  for (std::int64_t first = 0; first < examples.rows(); first += batch_size) {
    batch.clear();
    for (std::int64_t row = first; row < std::min(first + batch_size, examples.rows()); ++row)
      examples.add_to(batch, row);
    use(first, batch, model.forward(batch));
    if (stop.stop_requested()) throw Interrupted("stopped while evaluating");
  }
  if (was_training) model.train();
}

tasks::Metrics evaluate(BertPreTrainedModel& model, const tasks::Task& task, const tasks::Examples& examples,
                        std::int64_t batch_size, const std::function<void(std::int64_t)>& progress,
                        const std::stop_token& stop) {
  const std::unique_ptr<tasks::Scorer> scorer = task.scorer(examples);
  // The loss of the scorer is plain cross-entropy, of each row for itself.
  const bool own_loss = !model.loss_options().is_plain();
  double loss = 0, items = 0;
  for_each_output(model, examples, batch_size, stop,
                  [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
                    scorer->add(first, batch, output);
                    if (own_loss) {
                      const double here = model.loss_items(batch).first;
                      loss += here * static_cast<double>(output.loss);
                      items += here;
                    }
                    if (progress) progress(std::min(first + batch_size, examples.rows()));
                  });
  tasks::Metrics metrics = scorer->result();
  const auto found = std::ranges::find(metrics.values, "loss", &std::pair<std::string, double>::first);
  if (items > 0 && found != metrics.values.end()) found->second = loss / items;
  return metrics;
}

}  // namespace bertune::train
