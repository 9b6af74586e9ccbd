// A run on made rows: three steps an epoch.
#pragma once

#include <stop_token>
#include <utility>
#include <vector>

#include "train/made_task.h"
#include "train/trainer.h"

namespace bertune::train::testing {

// The weights that the run leaves in its model.
inline std::vector<float> weights_of_run(const Kind& kind, TrainingArguments arguments, Observer& observer,
                                         const std::stop_token& stop) {
  BertPreTrainedModel model = make_model(kind);
  const BertTokenizer tokenizer = tiny_tokenizer();
  const MadeTask task(kind);
  arguments.train_batch_size = 8;
  arguments.precision = Precision::fp32;
  MadeExamples rows(kind, 24), validation(kind, 4);
  Trainer trainer(model, tokenizer, arguments, observer, task, [](std::int64_t) { return "row"; });
  trainer.train(rows, &validation, stop);
  const auto values = std::as_const(model).parameters().values();
  return {values.begin(), values.end()};
}

}  // namespace bertune::train::testing
