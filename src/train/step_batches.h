// The rows of a step as batches that fit the memory (gradient accumulation), and as shards.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bertune/batch.h"
#include "bertune/model.h"
#include "tasks/task.h"

namespace bertune::train {

// Returns the batches of a step, of at most `batch_size` rows each, or windows of rows that have several. A
// batch knows its place in the whole, and what the loss of the whole is a mean over, so that loss, gradient
// and dropout of the whole are the same however it is cut: losses and gradients of the batches add up to
// them.
std::vector<Batch> step_batches(const BertPreTrainedModel& model, const tasks::Examples& examples,
                                std::span<const std::int64_t> rows, std::int64_t batch_size);

// A step whose rows are dealt out to shards, which are computed one by one, by one process or by several.
struct StepShards {
  std::vector<std::vector<Batch>> shards;  // of a shard without rows there are no batches
  std::vector<std::int32_t> word_rows;  // the tokens of all shards, ascending, each once; of one shard none

  std::int64_t tokens() const;
};

// Returns the shards of a step: each has about as many tokens as another, and its rows follow from the step's
// rows and the number of shards alone. One shard is step_batches().
StepShards step_shards(const BertPreTrainedModel& model, const tasks::Examples& examples,
                       std::span<const std::int64_t> rows, std::int64_t batch_size, std::int64_t shards);

// Deals out items with these numbers of tokens, the largest first, each to the shard with the fewest tokens
// so far (LPT). Returns the indices of each shard's items, ascending.
std::vector<std::vector<std::size_t>> deal_out(std::span<const std::int64_t> tokens, std::int64_t shards);

}  // namespace bertune::train
