// Ten training steps as the Trainer makes them, AdamW with clipping and a linear schedule, against the peer's
// losses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/optim.h"
#include "parity/model_case.h"
#include "parity/parts.h"
#include "support/closeness.h"

namespace bertune::training_test {
namespace {

constexpr double kLoss = 1e-5, kNorm = 1e-4;

class TrainingParity : public ::testing::Test {
 protected:
  const testing::SafetensorsFile file_{testing::parity_fixtures() / "model" / "training.safetensors"};
  BertForSequenceClassification model_ = testing::load_checkpoint(file_);
};

TEST_F(TrainingParity, WeightDecayGroups) {
  std::vector<std::string> names;
  for (const Parameter& parameter : model_.parameters().layout()) {
    if (parameter.weight_decay) names.push_back(parameter.name);
  }
  const auto expected = file_.about().at("weight_decay_names").get<std::vector<std::string>>();
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(expected));
}

// Batches as they are, and in parts of three.
class TrainingSteps : public TrainingParity, public ::testing::WithParamInterface<std::int64_t> {};

TEST_P(TrainingSteps, LossesAndNorms) {
  const nlohmann::json recipe = file_.about().at("recipe");
  const std::vector<double> losses = file_.numbers("losses"), norms = file_.numbers("grad_norms");
  const double base_rate = recipe.at("learning_rate");
  const auto optimizer = optim::adamw(model_.parameters(), {base_rate, recipe["beta1"], recipe["beta2"],
                                                            recipe["eps"], recipe["weight_decay"]});
  const auto schedule = optim::schedule_from_string("linear").make(
      {base_rate, recipe["warmup_steps"], static_cast<std::int64_t>(losses.size())}, {});
  model_.train();
  for (std::size_t step = 0; step < losses.size(); ++step) {
    optimizer->zero_grad();
    const Batch batch = testing::read_batch(file_, "batch." + std::to_string(step) + ".");
    double loss = 0;
    for (const Batch& part : testing::parts_of(model_, batch, GetParam())) {
      loss += model_.forward(part).loss;
      model_.backward();
    }
    EXPECT_NEAR(loss, losses[step], kLoss) << "loss, step " << step;
    const double norm = optim::gradient_norm(model_.parameters());
    EXPECT_NEAR(norm, norms[step], kNorm * norms[step]) << "gradient norm, step " << step;
    optimizer->set_learning_rate(schedule->learning_rate(static_cast<std::int64_t>(step)));
    optimizer->step(optim::clip_scale(norm, recipe["max_grad_norm"]));
  }
}

INSTANTIATE_TEST_SUITE_P(RowsATime, TrainingSteps, ::testing::Values(8, 3));

}  // namespace
}  // namespace bertune::training_test
