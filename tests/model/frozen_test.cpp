// Models of which a part is frozen, and gradient checkpointing: the same bits from less work.
#include <gtest/gtest.h>

#include <algorithm>

#include "bertune/model.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

BertConfig small_config() {
  BertConfig config = testing::tiny_config();
  config.num_hidden_layers = 4;
  return config;
}

// Different texts for different `first`, of 2 to 9 tokens.
Batch batch_of(Architecture architecture, int first, int sequences) {
  Batch batch;
  for (int s = first; s < first + sequences; ++s) {
    std::vector<std::int32_t> ids = {2};
    for (int t = 0; t < 1 + s * 5 % 8; ++t) ids.push_back(5 + (s * 7 + t * 3) % 40);
    batch.add(ids, {});
    const std::size_t tokens = ids.size();
    if (architecture == Architecture::question_answering) {
      batch.start_positions.push_back(0), batch.end_positions.push_back(1);
    } else if (architecture == Architecture::sequence_classification) {
      batch.labels.push_back(s % 2);
    } else {
      for (std::size_t t = 0; t < tokens; ++t) batch.labels.push_back(t == 1 ? kIgnoredLabel : s % 2);
    }
  }
  if (architecture == Architecture::pretraining)
    batch.next_sentence_labels.assign(static_cast<std::size_t>(sequences), 1);
  return batch;
}

struct Outcome {
  std::vector<float> logits, gradients;
  bool operator==(const Outcome&) const = default;
};

Outcome pass(BertPreTrainedModel& model, const Batch& batch, std::uint64_t step = 3) {
  model.dropout_state() = {.seed = 7, .step = step};
  model.parameters().zero_grad();
  const ModelOutput output = model.forward(batch);
  Outcome outcome{{output.logits.begin(), output.logits.end()}, {}};
  model.backward();
  outcome.gradients.assign(model.parameters().gradients().begin(), model.parameters().gradients().end());
  return outcome;
}

void freeze_below(Parameters& parameters, std::int64_t depth) {
  for (std::size_t i = 0; i < parameters.layout().size(); ++i)
    parameters.set_trainable(i, parameters.layout()[i].depth >= depth);
}

class FrozenModel : public ::testing::TestWithParam<Architecture> {};

TEST_P(FrozenModel, GradientsOfTheOthersAreTheSameBits) {
  auto model = BertPreTrainedModel::from_config(small_config(), GetParam());
  model.train();
  const Batch batch = batch_of(GetParam(), 0, 6);
  const Outcome whole = pass(model, batch);
  EXPECT_EQ(model.parameters().layout().front().depth, 0);
  EXPECT_EQ(model.parameters().layout().back().depth, 5);
  for (std::int64_t depth = 1; depth <= 5; ++depth) {
    auto frozen = BertPreTrainedModel::from_config(small_config(), GetParam());
    freeze_below(frozen.parameters(), depth);
    frozen.train();
    const Outcome part = pass(frozen, batch);
    EXPECT_EQ(part.logits, whole.logits);
    for (const Parameter& p : frozen.parameters().layout()) {
      const std::span<const float> gradient = frozen.parameters().gradient(p.name);
      if (p.trainable) {
        EXPECT_TRUE(std::equal(gradient.begin(), gradient.end(),
                               whole.gradients.begin() + static_cast<std::ptrdiff_t>(p.offset)))
            << p.name << ", frozen below " << depth;
      } else {
        EXPECT_TRUE(std::ranges::all_of(gradient, [](float g) { return g == 0; })) << p.name;
      }
    }
  }
}

// What is sent to other ranks while backward goes on: from the head down, without what is frozen below.
TEST_P(FrozenModel, BackwardSaysWhichGradientsAreComplete) {
  for (const std::int64_t lowest : {0, 3}) {
    auto model = BertPreTrainedModel::from_config(small_config(), GetParam());
    freeze_below(model.parameters(), lowest);
    model.train();
    const Batch batch = batch_of(GetParam(), 0, 6);
    const Outcome whole = pass(model, batch);
    model.dropout_state() = {.seed = 7, .step = 3};
    model.parameters().zero_grad();
    model.forward(batch);
    std::vector<std::int64_t> depths;
    model.backward(1, [&](std::int64_t depth) {
      depths.push_back(depth);
      for (const Parameter& p : model.parameters().layout()) {
        if (p.depth < depth) continue;
        const std::span<const float> gradient = model.parameters().gradient(p.name);
        EXPECT_TRUE(std::equal(gradient.begin(), gradient.end(),
                               whole.gradients.begin() + static_cast<std::ptrdiff_t>(p.offset)))
            << p.name << " at " << depth;
      }
    });
    std::vector<std::int64_t> expected;
    for (std::int64_t depth = 5; depth >= lowest; --depth) expected.push_back(depth);
    EXPECT_EQ(depths, expected);
  }
}

// One parameter in the middle alone: also a part of the fused query, key and value.
TEST_P(FrozenModel, AnyParameterCanBeTrainedAlone) {
  auto model = BertPreTrainedModel::from_config(small_config(), GetParam());
  model.train();
  const Batch batch = batch_of(GetParam(), 0, 6);
  const Outcome whole = pass(model, batch);
  auto alone = BertPreTrainedModel::from_config(small_config(), GetParam());
  for (std::size_t only = 0; only < alone.parameters().layout().size(); ++only) {
    for (std::size_t i = 0; i < alone.parameters().layout().size(); ++i)
      alone.parameters().set_trainable(i, i == only);
    alone.train();
    std::ranges::fill(alone.parameters().gradients(), 0.0F);
    const Outcome part = pass(alone, batch);
    for (const Parameter& p : alone.parameters().layout()) {
      for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
        const float wanted = p.trainable ? whole.gradients[i] : 0;
        ASSERT_NEAR(part.gradients[i], wanted, 1e-6 + 1e-5 * std::abs(wanted)) << p.name;
      }
    }
  }
}

TEST_P(FrozenModel, GradientCheckpointingIsTheSameBits) {
  const Batch batch = batch_of(GetParam(), 0, 6);
  for (const std::int64_t depth : {0, 1, 3, 5}) {
    auto model = BertPreTrainedModel::from_config(small_config(), GetParam());
    freeze_below(model.parameters(), depth);
    model.train();
    const Outcome kept = pass(model, batch);
    model.set_encoder_options({.gradient_checkpointing = true});
    model.train();
    EXPECT_EQ(pass(model, batch), kept) << depth;
    EXPECT_EQ(pass(model, batch), kept) << depth;
  }
}

// Batches of other compositions in each epoch, one of a single text, with room for everything and for little.
TEST_P(FrozenModel, CachedOutputsAreTheSameBits) {
  for (const std::int64_t depth : {3, 5}) {
    for (const std::size_t bytes : {std::size_t{1} << 20, std::size_t{6000}}) {
      auto plain = BertPreTrainedModel::from_config(small_config(), GetParam()),
           cached = BertPreTrainedModel::from_config(small_config(), GetParam());
      for (auto* model : {&plain, &cached}) {
        freeze_below(model->parameters(), depth);
        model->set_encoder_options(
            {.frozen_eval_mode = true, .frozen_cache_bytes = model == &cached ? bytes : 0});
        model->train();
      }
      for (const auto& [first, count] :
           {std::pair(0, 6), std::pair(6, 5), std::pair(3, 6), std::pair(9, 1), std::pair(9, 4),
            std::pair(0, 7), std::pair(12, 2), std::pair(1, 9)}) {
        const Batch batch = batch_of(GetParam(), first, count);
        EXPECT_EQ(pass(cached, batch), pass(plain, batch)) << first;
      }
      std::ranges::for_each(cached.parameters().values(), [](float& value) { value *= 1.5F; });
      std::ranges::for_each(plain.parameters().values(), [](float& value) { value *= 1.5F; });
      const Batch again = batch_of(GetParam(), 0, 6);
      EXPECT_FALSE(pass(cached, again) == pass(plain, again));  // what it has seen is not computed again
      cached.set_encoder_options(cached.encoder_options()), cached.train();
      EXPECT_EQ(pass(cached, again), pass(plain, again));
    }
  }
}

TEST_P(FrozenModel, EvalModeTakesDropoutOutOfTheFrozenLayersAlone) {
  auto model = BertPreTrainedModel::from_config(small_config(), GetParam());
  const Batch batch = batch_of(GetParam(), 0, 6);
  freeze_below(model.parameters(), 5);
  model.set_encoder_options({.frozen_eval_mode = true});
  model.train();
  const bool head_drops =
      GetParam() != Architecture::question_answering && GetParam() != Architecture::pretraining;
  EXPECT_EQ(pass(model, batch, 1).logits == pass(model, batch, 2).logits, !head_drops);
  freeze_below(model.parameters(), 4);
  model.train();
  EXPECT_NE(pass(model, batch, 1).logits, pass(model, batch, 2).logits);
}

INSTANTIATE_TEST_SUITE_P(Heads, FrozenModel,
                         ::testing::Values(Architecture::sequence_classification,
                                           Architecture::token_classification,
                                           Architecture::question_answering, Architecture::pretraining),
                         [](const auto& test) { return std::string(to_string(test.param)); });

}  // namespace
}  // namespace bertune
