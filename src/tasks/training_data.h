// The data that a task makes of files: examples to train and to test on, and what is to be said of their
// rows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/checks/check.h"
#include "tasks/request.h"
#include "tasks/task.h"
#include "tasks/training_files.h"

namespace bertune::tasks {

// The prediction for a row of the test set, and what is right, for a person who looks for wrong labels.
struct TestLine {
  std::int64_t row = 0;  // in the file that it is from, from 0
  Json json;             // as a prediction is written, with "true" and "where"
};

// The findings in the files, for a person. Empty where TrainingFiles::checks_data is false.
struct DataFacts {
  data::CheckResult check;
  std::vector<std::string> notes;  // what was settled, and what readers say
};

// The options that the checks of all tasks share. `tokenizer` may be null.
data::CheckOptions check_options(const TrainingFiles& files, const BertTokenizer* tokenizer);

struct TrainingData {
  std::unique_ptr<Task> task;
  std::unique_ptr<Examples> train, validation, test;  // null where there is none
  std::function<std::string(std::int64_t)> row_name;  // "train.csv:12", of a training row
  Json settings;  // for bertune.json: what evaluation and prediction must share with training
  DataFacts facts;
  // Takes outputs for all rows of `test`, and gives their lines, in order. For a fold alone, whose texts are
  // kept; while these data live.
  std::function<std::unique_ptr<Decoder>(std::function<void(TestLine)> use)> test_lines;
  ItemTexts item_text;  // of "validation" and "test"; while these data live
};

struct TestData {
  std::unique_ptr<Task> task;
  std::unique_ptr<Examples> examples;
  std::vector<std::string> notes;
  ItemTexts item_text;  // of the set, whatever it is called
};

}  // namespace bertune::tasks
