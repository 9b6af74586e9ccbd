// Examples cut into batches, for whoever asks a model about all of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tasks/task.h"

namespace bertune::tasks {

// Makes `batch` the rows from `first` on, `size` of them or as many as there are.
inline void take_block(const Examples& examples, std::int64_t first, std::int64_t size, Batch& batch) {
  batch.clear();
  for (std::int64_t row = first; row < std::min(first + size, examples.rows()); ++row)
    examples.add_to(batch, row);
}

// Calls use(first_row, batch) for batches of up to `batch_size` rows, in order.
template <typename Use>
void for_each_batch(const Examples& examples, std::int64_t batch_size, const Use& use) {
  Batch batch;
  for (std::int64_t first = 0; first < examples.rows(); first += batch_size) {
    take_block(examples, first, batch_size, batch);
    use(first, batch);
  }
}

}  // namespace bertune::tasks
