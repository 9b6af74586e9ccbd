// The rows of a step as batches that fit the memory (gradient accumulation).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bertune/batch.h"
#include "bertune/model.h"
#include "tasks/task.h"

namespace bertune::train {

// Returns the batches of a step, of at most `batch_size` rows each. A batch knows its place in the whole, and
// what the loss of the whole is a mean over, so that loss, gradient and dropout of the whole are the same
// however it is cut: losses and gradients of the batches add up to them.
std::vector<Batch> step_batches(const BertPreTrainedModel& model, const tasks::Examples& examples,
                                std::span<const std::int64_t> rows, std::int64_t batch_size);

}  // namespace bertune::train
