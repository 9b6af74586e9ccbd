#include "train/step_batches.h"

#include "train/batches.h"

namespace bertune::train {

std::vector<Batch> step_batches(const BertPreTrainedModel& model, const tasks::Examples& examples,
                                std::span<const std::int64_t> rows, std::int64_t batch_size) {
  std::vector<Batch> batches;
  LossItems items;
  std::int64_t sequences = 0;
  for (const auto& part : cut_batches(rows, batch_size)) {
    Batch& batch = batches.emplace_back();
    for (const std::int64_t row : part) examples.add_to(batch, row);
    batch.first_sequence = sequences;
    sequences += batch.sequences();
  }
  if (batches.size() < 2) return batches;
  for (const Batch& batch : batches) items += model.loss_items(batch);
  for (Batch& batch : batches) batch.global_items = items;
  return batches;
}

}  // namespace bertune::train
