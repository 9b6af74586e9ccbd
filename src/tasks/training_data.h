// What a task makes of files: examples to train and to test on, and what is to be said of their rows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "tasks/task.h"

namespace bertune::tasks {

// What a model says of a row of the test set, and what is right, for a person who looks for wrong labels.
struct TestLine {
  std::int64_t row = 0;  // in the file that it is from, from 0
  Json json;             // as bertune predict writes it, with "true" and "where"
};

struct TrainingData {
  std::unique_ptr<Task> task;
  std::unique_ptr<Examples> train, validation, test;  // null where there is none
  std::function<std::string(std::int64_t)> row_name;  // "train.csv:12", of a training row
  Json settings;  // for bertune.json: what evaluation and prediction must share with training
  // The lines of all rows of `test`, in order. For a fold alone, whose texts are kept.
  std::function<std::vector<TestLine>(BertPreTrainedModel& model, std::int64_t batch_size)> predict_test;
};

struct TestData {
  std::unique_ptr<Task> task;
  std::unique_ptr<Examples> examples;
  std::vector<std::string> notes;
};

}  // namespace bertune::tasks
