// Evaluation and prediction: eval mode, no gradients, metrics as they stream by.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "bertune/model.h"
#include "tasks/task.h"
#include "tasks/training_data.h"

namespace bertune::train {

// Calls use(first_row, batch, output) for batches of up to `batch_size` rows, in order. Throws Interrupted
// when `stop` is requested. Several ranks compute the batches together, and `use` is called on the first.
void for_each_output(BertPreTrainedModel& model, const tasks::Examples& examples, std::int64_t batch_size,
                     const std::stop_token& stop,
                     const std::function<void(std::int64_t, const Batch&, const ModelOutput&)>& use);

// The metric "loss" is that of the model's own loss (BertPreTrainedModel::set_loss), as the Trainer reports
// it. `progress` is told the rows done; `recorder` takes the outputs too. Throws Interrupted when `stop` is
// requested. Of several ranks, the first has all of the metrics and the outputs, the others their values.
Metrics evaluate(BertPreTrainedModel& model, const tasks::Task& task, const tasks::Examples& examples,
                 std::int64_t batch_size, const std::function<void(std::int64_t)>& progress = {},
                 const std::stop_token& stop = {}, tasks::Recorder* recorder = nullptr);

// Keeps the first `most` records of a set while it is evaluated.
class RecordKeeper {
 public:
  RecordKeeper(const tasks::Task& task, const tasks::Examples& examples, std::int64_t most);
  RecordKeeper(const RecordKeeper&) = delete;
  RecordKeeper& operator=(const RecordKeeper&) = delete;

  tasks::Recorder* recorder() { return recorder_.get(); }  // null: there is nothing to keep
  // Returns the records, once all rows were seen; null where there is nothing to keep.
  std::shared_ptr<const tasks::Records> take();

 private:
  std::int64_t most_;
  tasks::Records records_;
  std::unique_ptr<tasks::Recorder> recorder_;
};

// Returns the model's prediction for each row of data.test, in order; on the first rank alone. Throws
// Interrupted when `stop` is requested.
std::vector<tasks::TestLine> test_lines(BertPreTrainedModel& model, const tasks::TrainingData& data,
                                        std::int64_t batch_size, const std::stop_token& stop = {});

}  // namespace bertune::train
