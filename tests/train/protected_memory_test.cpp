// A run touches the memory of its model and optimizer through operations and copies alone: on a table whose
// memory is inaccessible otherwise it trains, evaluates, stops, resumes and saves to the same bits.
#include <gtest/gtest.h>

#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "bertune/error.h"
#include "kernels/context.h"
#include "kernels/protected_table.h"
#include "train/made_task.h"
#include "train/trainer.h"

namespace bertune::train::protected_memory_test {
namespace {

using testing::Kind;
using testing::MadeExamples;
using testing::MadeTask;

struct Case {
  Kind kind;
  std::string optimizer;
};

struct Losses : Observer {
  std::vector<double> numbers;
  std::stop_source stop;
  std::int64_t stop_at = -1;
  void on(const Event& event) override {
    const auto* step = std::get_if<StepEvent>(&event);
    if (step == nullptr) return;
    numbers.insert(numbers.end(), {step->loss, step->gradient_norm});
    if (step->step == stop_at) stop.request_stop();
  }
};

// The metric is computed from the model's outputs.
struct Summed : MadeTask {
  using MadeTask::MadeTask;
  std::unique_ptr<tasks::Scorer> scorer(const tasks::Examples&) const override {
    struct Sum : tasks::Scorer {
      double sum = 0;
      void add(std::int64_t, const Batch&, const ModelOutput& output) override {
        for (const float logit : output.logits) sum += static_cast<double>(logit);
      }
      Metrics result() const override {
        Metrics metrics;
        metrics.values = {{"loss", -1.0}, {"accuracy", sum}};
        return metrics;
      }
    };
    return std::make_unique<Sum>();
  }
};

struct Outcome {
  std::vector<double> losses;
  std::string optimizer, weights;
};

// Two epochs of three steps, of two batches each; stopped in the middle, and gone on with in another model.
Outcome outcome_of(const Case& one, const kernels::OpTable& table) {
  const bertune::testing::TemporaryDirectory folder;
  const BertTokenizer tokenizer = testing::tiny_tokenizer();
  const kernels::Context::Use use({.ops = &table});
  TrainingArguments arguments;
  arguments.output_dir = folder.path() / "output";
  arguments.num_train_epochs = 2, arguments.keep_checkpoints = true;
  arguments.train_batch_size = 4, arguments.gradient_accumulation_steps = 2;
  arguments.precision = Precision::fp32, arguments.optimizer = one.optimizer;
  if (one.optimizer == "lbfgs") arguments.optim_args = {{"max_iter", "3"}};
  const Summed task(one.kind);
  Outcome outcome;
  const auto train = [&](std::int64_t stop_at) {
    BertPreTrainedModel model = testing::make_model(one.kind);
    MadeExamples rows(one.kind, 24), validation(one.kind, 5);
    Losses losses;
    losses.stop_at = stop_at;
    Trainer trainer(model, tokenizer, arguments, losses, task, [](std::int64_t) { return "row"; });
    try {
      trainer.train(rows, &validation, losses.stop.get_token());
    } catch (const Interrupted&) {
    }
    outcome.losses.insert(outcome.losses.end(), losses.numbers.begin(), losses.numbers.end());
  };
  train(2);
  arguments.resume = true;
  train(-1);
  outcome.optimizer = folder.read("output/checkpoint-6/optimizer.safetensors");
  outcome.weights = folder.read("output/checkpoint-6/model.safetensors");
  return outcome;
}

class ProtectedRun : public ::testing::TestWithParam<Case> {};

TEST_P(ProtectedRun, HasTheSameBits) {
  const Outcome expected = outcome_of(GetParam(), kernels::machine_ops());
  const Outcome actual = outcome_of(GetParam(), kernels::testing::protected_table());
  EXPECT_EQ(actual.losses, expected.losses);
  EXPECT_EQ(expected.losses.size(), 2 * 6U);
  EXPECT_TRUE(actual.optimizer == expected.optimizer);
  EXPECT_TRUE(actual.weights == expected.weights);
  EXPECT_FALSE(expected.weights.empty());
  EXPECT_EQ(kernels::testing::protected_allocations(), 0U);
}

// One head with each optimizer whose state has a kind of its own, and the others with AdamW.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Kind& kind : testing::every_kind()) all.push_back({kind, "adamw"});
  for (const char* optimizer : {"asgd", "lbfgs", "muon"})
    all.push_back({testing::every_kind()[0], optimizer});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, ProtectedRun, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.kind.name + "_" + test.param.optimizer; });

}  // namespace
}  // namespace bertune::train::protected_memory_test
