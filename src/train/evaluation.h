// Evaluation and prediction: eval mode, no gradients, metrics as they stream by.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "bertune/model.h"
#include "tasks/metrics.h"
#include "tasks/text_classification.h"

namespace bertune::train {

// Calls row(index, logits) for each row, in order. Batches hold up to `batch_size` rows. Throws Interrupted
// on Ctrl-C.
void for_each_logits(BertPreTrainedModel& model, const tasks::Features& features, std::int64_t batch_size,
                     const std::function<void(std::int64_t, std::span<const float>)>& row);

tasks::Metrics evaluate(BertPreTrainedModel& model, const tasks::Features& features, std::int64_t batch_size,
                        const std::function<void(std::int64_t)>& progress = {});

}  // namespace bertune::train
