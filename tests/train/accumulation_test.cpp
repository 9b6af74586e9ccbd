// A step in parts is the step in one: the loss, every gradient and the weights after training, with dropout,
// for every head, whatever the parts.
#include <gtest/gtest.h>

#include <numeric>

#include "bertune/error.h"
#include "support/closeness.h"
#include "train/made_task.h"
#include "train/step_batches.h"
#include "train/trainer.h"

namespace bertune::train {
namespace {

using testing::Kind;
using testing::MadeExamples;
using testing::MadeTask;

constexpr double kTolerance = 2e-5;

struct Outcome {
  double loss = 0;
  std::vector<float> gradients;
};

Outcome outcome_of(BertPreTrainedModel& model, std::span<const Batch> batches) {
  model.train();
  model.parameters().zero_grad();
  Outcome outcome;
  for (const Batch& batch : batches) {
    model.dropout_state() = {.seed = 5, .step = 11};
    outcome.loss += model.forward(batch).loss;
    model.backward();
  }
  const auto gradients = model.parameters().gradients();
  outcome.gradients.assign(gradients.begin(), gradients.end());
  return outcome;
}

// Some biases have a gradient of zero in exact arithmetic (a key's, a choice's): rounding on both sides.
void expect_close(const BertPreTrainedModel& model, const Outcome& actual, const Outcome& expected) {
  EXPECT_NEAR(actual.loss, expected.loss, kTolerance * std::max(1.0, expected.loss));
  const double all = bertune::testing::norm(std::span<const float>(expected.gradients));
  EXPECT_GT(all, 0);
  for (const Parameter& parameter : model.parameters().layout()) {
    const auto part = [&](const Outcome& outcome) {
      return std::span<const float>(outcome.gradients).subspan(parameter.offset, parameter.size);
    };
    const double scale = std::max(bertune::testing::norm(part(expected)), 1e-3 * all);
    EXPECT_TRUE(
        bertune::testing::norm_close(parameter.name, part(actual), part(expected), kTolerance, scale));
  }
}

class Accumulation : public ::testing::TestWithParam<Kind> {};

TEST_P(Accumulation, PartsAddUpToTheWhole) {
  BertPreTrainedModel model = testing::make_model(GetParam());
  const MadeExamples examples(GetParam(), 64);
  std::vector<std::int64_t> rows(32);
  std::iota(rows.begin(), rows.end(), 10);
  const std::vector<Batch> whole = step_batches(model, examples, rows, 32);
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(whole[0].global_items.first, 0);  // nothing to say: the old path
  const Outcome expected = outcome_of(model, whole);
  for (const std::int64_t size : {8, 31, 5, 1}) {
    SCOPED_TRACE("parts of " + std::to_string(size));
    const std::vector<Batch> parts = step_batches(model, examples, rows, size);
    EXPECT_EQ(parts.size(), static_cast<std::size_t>((32 + size - 1) / size));
    expect_close(model, outcome_of(model, parts), expected);
  }
}

TEST_P(Accumulation, WithOptionsOfTheLoss) {
  BertPreTrainedModel model = testing::make_model(GetParam());
  const MadeExamples examples(GetParam(), 64);
  std::vector<std::int64_t> rows(13);
  std::iota(rows.begin(), rows.end(), 0);
  for (const LossOptions& options :
       {LossOptions{.label_smoothing = 0.2F}, LossOptions{.class_weights = {3, 0.2F, 1}},
        LossOptions{.class_weights = {3, 0.2F, 1}, .focal_gamma = 2}}) {
    try {
      model.set_loss(options);
    } catch (const UsageError&) {  // has no meaning for this head: tests/model
      continue;
    }
    const Outcome expected = outcome_of(model, step_batches(model, examples, rows, 13));
    expect_close(model, outcome_of(model, step_batches(model, examples, rows, 4)), expected);
  }
}

struct Recorded : Observer {
  std::vector<double> losses;
  std::vector<std::int64_t> tokens;
  void on(const Event& event) override {
    if (const auto* step = std::get_if<StepEvent>(&event))
      losses.push_back(step->loss), tokens.push_back(step->tokens);
  }
};

// Two epochs of 77 rows, whose last steps are partial: 32 + 32 + 13.
struct Trained {
  Recorded steps;
  TrainingResult result;
  std::vector<float> weights;
};

Trained train(const Kind& kind, std::int64_t batch, std::int64_t accumulation, const std::string& optimizer) {
  const bertune::testing::TemporaryDirectory folder;
  BertPreTrainedModel model = testing::make_model(kind);
  TrainingArguments arguments;
  arguments.output_dir = folder.path();
  arguments.num_train_epochs = 2;
  arguments.train_batch_size = batch, arguments.gradient_accumulation_steps = accumulation;
  arguments.optimizer = optimizer;
  arguments.learning_rate = optimizer == "adamw" ? 1e-3 : 0.1;
  arguments.precision = Precision::fp32;
  if (optimizer == "lbfgs") arguments.optim_args = {{"max_iter", "3"}, {"line_search_fn", "strong_wolfe"}};
  MadeExamples examples(kind, 77);
  const MadeTask task(kind);
  Trained trained;
  const BertTokenizer tokenizer = testing::tiny_tokenizer();
  Trainer trainer(model, tokenizer, arguments, trained.steps, task, [](std::int64_t) { return "row"; });
  trained.result = trainer.train(examples, nullptr);
  const auto values = std::as_const(model).parameters().values();
  trained.weights.assign(values.begin(), values.end());
  return trained;
}

void expect_same_training(const Trained& actual, const Trained& expected, double tolerance) {
  EXPECT_EQ(actual.result.plan.total_steps, 6);
  EXPECT_EQ(actual.result.plan.steps_per_epoch, 3);
  ASSERT_EQ(actual.steps.losses.size(), expected.steps.losses.size());
  for (std::size_t step = 0; step < actual.steps.losses.size(); ++step) {
    EXPECT_NEAR(actual.steps.losses[step], expected.steps.losses[step], tolerance) << "step " << step;
    EXPECT_EQ(actual.steps.tokens[step], expected.steps.tokens[step]);
  }
  EXPECT_TRUE(bertune::testing::norm_close("weights", std::span<const float>(actual.weights),
                                           std::span<const float>(expected.weights), tolerance));
}

TEST_P(Accumulation, TrainsAsOneBatchDoes) {
  const Trained expected = train(GetParam(), 32, 1, "sgd");
  expect_same_training(train(GetParam(), 8, 4, "sgd"), expected, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Heads, Accumulation, ::testing::ValuesIn(testing::every_kind()),
                         [](const auto& instance) { return instance.param.name; });

// AdamW makes of a gradient that is only rounding a whole step, and so the tolerance is wider.
TEST(AccumulationOf, AdamW) {
  const Kind kind = testing::every_kind().front();
  expect_same_training(train(kind, 8, 4, "adamw"), train(kind, 32, 1, "adamw"), 1e-3);
}

// The closure is called several times a step, each time with all parts and the same dropout. Rounding grows
// along its way, so that only the first losses can be compared.
TEST(AccumulationOf, Lbfgs) {
  const Kind kind = testing::every_kind().front();
  const Trained parts = train(kind, 8, 4, "lbfgs"), whole = train(kind, 32, 1, "lbfgs");
  for (std::size_t step = 0; step < 3; ++step)
    EXPECT_NEAR(parts.steps.losses[step], whole.steps.losses[step], 1e-3) << "step " << step;
  const Trained again = train(kind, 8, 4, "lbfgs");
  EXPECT_EQ(again.steps.losses, parts.steps.losses);
  EXPECT_EQ(again.weights, parts.weights);
}

}  // namespace
}  // namespace bertune::train
