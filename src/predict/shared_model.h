// A model folder opened to be asked, by any number of threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

#include "bertune/batch.h"
#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "core/json.h"
#include "tasks/request.h"
#include "train/model_folder.h"

namespace bertune::predict {

class Workspaces;

struct AskOptions {
  std::int64_t batch_size = 64;  // rows computed at a time
  // A row that would be computed by itself, which rounds otherwise, is computed twice: so the results do not
  // depend on where the rows were divided.
  bool alone_as_among_others = false;
  std::stop_token stop = {};
};

class SharedModel {
 public:
  SharedModel(train::ModelFolder folder, Precision precision);
  SharedModel(const SharedModel&) = delete;
  SharedModel& operator=(const SharedModel&) = delete;
  ~SharedModel();

  // Explanations read these, and more than outputs.
  const BertPreTrainedModel& model() const { return model_; }
  const model::Weights& weights() const { return *weights_; }
  Architecture architecture() const;
  const BertConfig& config() const;
  const BertTokenizer& tokenizer() const { return tokenizer_; }
  tasks::TrainedModel trained() const { return {tokenizer_, config(), max_length_, settings_}; }

  // Calls `use` for each item of the request, in order. Throws Interrupted when the stop is asked for.
  void ask(const tasks::Request& request, const AskOptions& options, tasks::UsePrediction use) const;

  std::size_t weights_bytes() const;
  std::size_t workspace_bytes() const;

 private:
  BertTokenizer tokenizer_;
  std::shared_ptr<const model::Weights> weights_;
  BertPreTrainedModel model_;  // whose values the weights share
  std::int64_t max_length_;
  Json settings_;
  std::unique_ptr<Workspaces> workspaces_;
};

}  // namespace bertune::predict
