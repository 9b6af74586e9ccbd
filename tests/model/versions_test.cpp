// What was computed from values of an older version is old: nobody has to say so.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using testing::tiny_config;

// `tokens` more than a model packs its weights for between steps of training, or few.
Batch batch_of(bool many) {
  Batch batch;
  for (int s = 0; s < (many ? 20 : 2); ++s) {
    std::vector<std::int32_t> ids = {2};
    for (int t = 0; t < 15; ++t) ids.push_back(5 + (s * 7 + t * 3) % 40);
    batch.add(ids, {});
    batch.labels.push_back(s % 2);
  }
  return batch;
}

std::vector<float> logits(BertPreTrainedModel& model, bool many = false) {
  const std::span<const float> values = model.forward(batch_of(many)).logits;
  return {values.begin(), values.end()};
}

// Of a model that has never seen other values than those that `model` has now.
std::vector<float> expected(const BertPreTrainedModel& model, bool many = false) {
  auto other = BertForSequenceClassification::from_config(model.config());
  std::ranges::copy(model.parameters().values(), other.parameters().values().begin());
  return logits(other, many);
}

TEST(Versions, ChangeWithEveryAccessThatCouldWrite) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  Parameters& parameters = model.parameters();
  std::uint64_t last = parameters.version();
  const auto changed = [&] { return std::exchange(last, parameters.version()) != last; };
  EXPECT_FALSE(changed());
  std::as_const(parameters).values();
  std::as_const(parameters).value("classifier.bias");
  parameters.gradients(), parameters.zero_grad();
  parameters.gradient("classifier.bias");
  logits(model);
  EXPECT_FALSE(changed());
  parameters.values();
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed());
  parameters.value("classifier.bias");
  EXPECT_TRUE(changed());
  parameters.set_trainable(3, false);
  EXPECT_TRUE(changed());
  parameters.mark_changed();
  EXPECT_TRUE(changed());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) parameters.values();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed());
}

TEST(Versions, ReadingGradientsMakesNone) {
  const auto model = BertForSequenceClassification::from_config(tiny_config());
  EXPECT_TRUE(model.parameters().gradients().empty());
  EXPECT_EQ(optim::gradient_norm(model.parameters()), 0);
  auto trained = BertForSequenceClassification::from_config(tiny_config());
  trained.parameters().zero_grad();
  EXPECT_EQ(std::as_const(trained.parameters()).gradients().size(), trained.parameters().count());
}

// Before training and after it, when weights are packed for few tokens alone.
TEST(Versions, EvalModeSeesWeightsThatAreChangedByHand) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  Parameters& parameters = model.parameters();
  const std::span<float> span = parameters.values();
  const std::string name = "bert.encoder.layer.1.intermediate.dense.weight";
  const std::vector<std::function<void()>> changes = {
      [&] { std::ranges::for_each(parameters.value(name), [](float& v) { v *= 1.5F; }); },
      [&] { parameters.value("bert.encoder.layer.0.attention.self.key.weight")[5] += 1; },
      [&] { parameters.value("classifier.weight")[3] += 1; },
      [&] { parameters.values()[100] += 1; },  // of the word embeddings
      [&] {
        span[parameters.find(name)->offset] += 3;  // a span that was kept
        parameters.mark_changed();
      },
  };
  for (const bool trained : {false, true}) {
    if (trained) {
      model.train();
      model.forward(batch_of(false));
      model.backward();
    }
    model.eval();
    for (std::size_t i = 0; i < changes.size(); ++i) {
      for (const bool many : {false, true}) {
        logits(model, many);
        changes[i]();
        EXPECT_EQ(logits(model, many), expected(model, many)) << i << (many ? " many" : " few");
        EXPECT_EQ(logits(model, many), expected(model, many));
      }
    }
  }
}

TEST(Versions, EvalModeSeesTheStepsOfEveryOptimizer) {
  for (const optim::Algorithm& algorithm : optim::algorithms()) {
    SCOPED_TRACE(algorithm.name);
    for (const bool deferred : {false, true}) {
      auto model = BertForSequenceClassification::from_config(tiny_config());
      const auto optimizer = algorithm.make(model.parameters(), 1e-2, {});
      if (deferred) optimizer->defer_unused_rows();
      const auto gradients = [&] {
        model.parameters().zero_grad();
        model.parameters().mark_rows(std::vector<std::int32_t>{2, 5, 8});
        const Parameter& words = model.parameters().layout().front();
        for (const std::size_t row : {2, 5, 8})
          model.parameters().gradient(words.name)[row * static_cast<std::size_t>(words.shape[1])] = 0.5F;
        std::ranges::fill(model.parameters().gradient("classifier.weight"), 0.1F);
        std::ranges::fill(model.parameters().gradient("bert.encoder.layer.0.attention.self.query.weight"),
                          -0.2F);
        return 1.0;
      };
      std::vector<float> before = logits(model);
      for (int step = 0; step < 3; ++step) {
        if (optimizer->needs_closure()) {
          optimizer->step(gradients);
        } else {
          gradients();
          optimizer->step();
        }
        optimizer->bring_up_to_date();
        const std::vector<float> after = logits(model);
        EXPECT_NE(after, before);
        EXPECT_EQ(after, expected(model));
        before = after;
      }
    }
  }
}

// While an optimizer searches, values change from one evaluation of the loss to the next.
TEST(Versions, EvalModeSeesEveryPointOfASearch) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  const auto optimizer = optim::lbfgs(model.parameters(), {.lr = 0.1, .max_iter = 5});
  int evaluations = 0;
  optimizer->step([&] {
    ++evaluations;
    EXPECT_EQ(logits(model), expected(model));
    model.parameters().zero_grad();
    double loss = 0;
    for (std::size_t i = 0; i < model.parameters().count(); ++i) {
      const float value = std::as_const(model.parameters()).values()[i];
      model.parameters().gradients()[i] = value;
      loss += 0.5 * static_cast<double>(value) * static_cast<double>(value);
    }
    return loss;
  });
  EXPECT_GT(evaluations, 2);
  EXPECT_EQ(logits(model), expected(model));
}

TEST(Versions, EvalModeSeesChangesOfAnAdapterAndOfItsBase) {
  const testing::TemporaryDirectory files;
  testing::write_tiny_checkpoint(files.path() / "base");
  auto model = BertForSequenceClassification::from_pretrained(
      files.path() / "base", {.lora = LoraConfig{.r = 2, .target_modules = {"query", "output.dense"}}});
  std::vector<float> before = logits(model);
  for (const char* name :
       {"bert.encoder.layer.0.attention.self.query.lora_B.weight",
        "bert.encoder.layer.0.attention.self.query.lora_A.weight",
        "bert.encoder.layer.1.output.dense.lora_B.weight", "bert.encoder.layer.0.attention.self.query.weight",
        "bert.encoder.layer.1.output.dense.weight"}) {
    std::ranges::for_each(model.parameters().value(name), [](float& v) { v = 1.5F * v + 0.1F; });
    const std::vector<float> after = logits(model);
    EXPECT_NE(after, before) << name;
    model.eval();  // makes everything anew
    EXPECT_EQ(logits(model), after) << name;
    before = after;
  }
}

}  // namespace
}  // namespace bertune
