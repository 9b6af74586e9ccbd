// Evaluation and prediction: eval mode, no gradients, metrics as they stream by.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "bertune/model.h"
#include "tasks/task.h"
#include "tasks/training_data.h"

namespace bertune::train {

// Calls use(first_row, batch, output) for batches of up to `batch_size` rows, in order. Throws Interrupted
// when `stop` is requested.
void for_each_output(BertPreTrainedModel& model, const tasks::Examples& examples, std::int64_t batch_size,
                     const std::stop_token& stop,
                     const std::function<void(std::int64_t, const Batch&, const ModelOutput&)>& use);

// The metric "loss" is that of the model's own loss (BertPreTrainedModel::set_loss), as the Trainer reports
// it. `progress` is told the rows done, and `see` each batch and its output. Throws Interrupted when `stop`
// is requested.
Metrics evaluate(BertPreTrainedModel& model, const tasks::Task& task, const tasks::Examples& examples,
                 std::int64_t batch_size, const std::function<void(std::int64_t)>& progress = {},
                 const std::stop_token& stop = {},
                 const std::function<void(const Batch&, const ModelOutput&)>& see = {});

// Returns the model's prediction for each row of data.test, in order. Throws Interrupted when `stop` is
// requested.
std::vector<tasks::TestLine> test_lines(BertPreTrainedModel& model, const tasks::TrainingData& data,
                                        std::int64_t batch_size, const std::stop_token& stop = {});

}  // namespace bertune::train
