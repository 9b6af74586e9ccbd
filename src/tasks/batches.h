// Examples cut into batches, for whoever asks a model about all of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tasks/task.h"

namespace bertune::tasks {

// Calls use(first_row, batch) for batches of up to `batch_size` rows, in order.
template <typename Use>
void for_each_batch(const Examples& examples, std::int64_t batch_size, const Use& use) {
  Batch batch;
  for (std::int64_t first = 0; first < examples.rows(); first += batch_size) {
    batch.clear();
    for (std::int64_t row = first; row < std::min(first + batch_size, examples.rows()); ++row)
      examples.add_to(batch, row);
    use(first, batch);
  }
}

}  // namespace bertune::tasks
