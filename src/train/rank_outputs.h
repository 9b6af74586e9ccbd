// The outputs of a model on a set of rows that the ranks of a job divide among them.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "bertune/model.h"
#include "distributed/agreement.h"
#include "distributed/ranks.h"
#include "tasks/task.h"

namespace bertune::train {

// Does what for_each_output does, with the same blocks of rows, and so with the same bits: rank i computes
// every i-th block, and use(first_row, batch, output) is called on rank 0 alone, in the order of rows. The
// model is in eval mode. Throws Interrupted on all ranks when one is asked to stop.
void for_each_rank_output(distributed::Ranks& ranks, BertPreTrainedModel& model,
                          const tasks::Examples& examples, std::int64_t batch_size,
                          const std::stop_token& stop,
                          const std::function<void(std::int64_t, const Batch&, const ModelOutput&)>& use);

// Compares what ranks must share: the version, the instruction set, and these facts. Throws as
// distributed::require_same does.
void require_same_on(distributed::Ranks& ranks, distributed::Facts facts);

}  // namespace bertune::train
