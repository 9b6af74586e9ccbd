// A model touches its memory, weights, activations, inputs and losses, through operations and copies alone:
// on a table whose memory is inaccessible otherwise it gives the same bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "kernels/arena.h"
#include "kernels/context.h"
#include "kernels/host_access.h"
#include "kernels/protected_table.h"
#include "model/inference.h"
#include "support/tiny_checkpoint.h"

namespace bertune::protected_memory_test {
namespace {

using kernels::Context;
using testing::tiny_config;
using Values = std::vector<float>;

struct Case {
  std::string name;
  Architecture architecture{};
  BertConfig config = tiny_config();
  LossOptions loss = {};
  bool targets = false;  // in the place of labels
  bool lora = false;
  EncoderOptions encoder = {};
  Precision precision = Precision::fp32;
  Initialization initialization = Initialization::normal;
};

BertConfig regression() {
  BertConfig config = tiny_config();
  config.problem_type = ProblemType::regression;
  return config;
}

BertConfig embedding(Pooling pooling) {
  BertConfig config = tiny_config();
  config.sentence_embedding.pooling = pooling;
  config.sentence_embedding.normalize = true;
  return config;
}

std::vector<Case> cases() {
  const LossOptions weighted{.class_weights = {1, 3}};
  return {
      {"classes", Architecture::sequence_classification, tiny_config(), weighted},
      {"labels", Architecture::sequence_classification, tiny_config(), weighted, true},
      {"numbers", Architecture::sequence_classification, regression(), {}, true},
      {"tokens",
       Architecture::token_classification,
       tiny_config(),
       {.class_weights = {1, 2}, .focal_gamma = 2}},
      {"answers", Architecture::question_answering},
      {"choices", Architecture::multiple_choice},
      {"masked", Architecture::masked_lm, tiny_config(ModelType::roberta)},
      {"pretraining", Architecture::pretraining},
      {"ranking", Architecture::sentence_embedding, embedding(Pooling::max)},
      {"cosines", Architecture::sentence_embedding, embedding(Pooling::cls), {}, true},
      {"no_token_types", Architecture::sequence_classification, tiny_config(ModelType::distilbert)},
      {"narrow_embeddings", Architecture::token_classification, tiny_config(ModelType::electra)},
      {"adapter", Architecture::sequence_classification, tiny_config(), {}, false, true},
      {"recomputed",
       Architecture::token_classification,
       tiny_config(),
       {},
       false,
       false,
       {.gradient_checkpointing = true}},
      {"kept",
       Architecture::sequence_classification,
       tiny_config(),
       {},
       false,
       false,
       {.frozen_eval_mode = true, .frozen_cache_bytes = 12000}},
      {"bf16",
       Architecture::question_answering,
       tiny_config(),
       {},
       false,
       false,
       {},
       Precision::bf16,
       Initialization::local_attention},
  };
}

// Six sequences of a step; their lengths differ from step to step.
Batch batch_of(const Case& one, int step) {
  Batch batch;
  for (int s = 0; s < 6; ++s) {
    std::vector<std::int32_t> ids = {2};
    for (int t = 0; t < 1 + (s * 5 + step % 2) % 8; ++t) ids.push_back(5 + (s * 7 + t * 3 + step % 2) % 40);
    batch.add(ids, {});
    const auto length = static_cast<std::int32_t>(ids.size());
    switch (one.architecture) {
      case Architecture::token_classification:
        for (std::int32_t t = 0; t < length; ++t) batch.labels.push_back(t % 3 == 1 ? kIgnoredLabel : t % 2);
        break;
      case Architecture::masked_lm:
      case Architecture::pretraining:
        for (std::int32_t t = 0; t < length; ++t) batch.labels.push_back(t % 3 == 1 ? 5 + s : kIgnoredLabel);
        if (one.architecture == Architecture::pretraining) batch.next_sentence_labels.push_back(s % 2);
        break;
      case Architecture::question_answering:
        batch.start_positions.push_back(s == 4 ? -1 : 0);
        batch.end_positions.push_back(length - 1);
        break;
      case Architecture::multiple_choice:
        batch.num_choices = 2;
        if (s % 2 == 0) batch.labels.push_back(s / 2 % 2);
        break;
      case Architecture::sentence_embedding:
        if (s % 2 == 1 && one.targets) batch.targets.push_back(0.1F * static_cast<float>(s));
        if (s % 2 == 1 && !one.targets) batch.labels.push_back(s / 2);
        break;
      default:
        if (!one.targets) batch.labels.push_back(s % 2);
        for (int label = 0; one.targets && label < 2; ++label)
          batch.targets.push_back(static_cast<float>((s + label) % 2));
    }
  }
  return batch;
}

Values read(std::span<const float> memory) {
  kernels::HostView<float> view;
  const std::span<const float> numbers = view.see(memory);
  return {numbers.begin(), numbers.end()};
}

struct Outcome {
  Values losses, logits, values, gradients, states;

  void add(const ModelOutput& output) {
    losses.insert(losses.end(), {output.loss, output.masked_lm_loss, output.next_sentence_loss});
    for (const std::span<const float> some : {output.logits, output.next_sentence_logits})
      logits.insert(logits.end(), some.begin(), some.end());
  }
};

BertPreTrainedModel load(const Case& one, const std::filesystem::path& folder) {
  LoadOptions options;
  if (one.lora) options.lora = LoraConfig{.r = 2, .target_modules = {"all-linear"}};
  if (one.architecture == Architecture::sentence_embedding)
    options.sentence_embedding = one.config.sentence_embedding;
  auto model = BertPreTrainedModel::from_pretrained(folder, one.architecture, options);
  model.set_loss(one.loss);
  model.set_precision(one.precision, one.precision);
  model.set_encoder_options(one.encoder);
  const bool frozen = one.encoder.frozen_cache_bytes > 0;
  for (std::size_t i = 0; frozen && i < model.parameters().layout().size(); ++i)
    model.parameters().set_trainable(i, model.parameters().layout()[i].depth > 1);
  return model;
}

// Steps of two batches each, an evaluation after every one.
void train(const Case& one, BertPreTrainedModel& model, optim::Optimizer& optimizer, Outcome& outcome) {
  for (int step = 0; step < 3; ++step) {
    model.train();
    optimizer.zero_grad();
    for (int part = 0; part < 2; ++part) {
      const Batch batch = batch_of(one, step + part);
      optimizer.bring_up_to_date(batch.input_ids);
      outcome.add(model.forward(batch));
      model.backward(0.5F);
    }
    outcome.gradients = read(model.parameters().gradients());
    outcome.losses.push_back(static_cast<float>(optim::gradient_norm(model.parameters())));
    optimizer.step(optim::clip_scale(optim::gradient_norm(model.parameters()), 1));
    optimizer.bring_up_to_date();
    model.eval();
    outcome.add(model.forward(batch_of(one, step)));
  }
}

// Trains a checkpoint, saves it, and predicts with what was saved in all ways that there are.
Outcome outcome_of(const Case& one, const kernels::OpTable& table) {
  const testing::TemporaryDirectory files;
  const Context::Use use({.ops = &table});
  const std::filesystem::path base = files.path() / "base", saved = files.path() / "saved";
  std::filesystem::create_directories(base), std::filesystem::create_directories(saved);
  BertPreTrainedModel::from_config(one.config, one.architecture, 3, one.initialization).save_weights(base);
  Outcome outcome;
  auto model = load(one, base);
  const auto optimizer = optim::adamw(model.parameters(), {.lr = 1e-2});
  optimizer->defer_unused_rows();
  train(one, model, *optimizer, outcome);
  outcome.values = read(std::as_const(model).parameters().values());
  for (const optim::Optimizer::State& state : optimizer->state()) {
    const Values values = read(state.values);
    outcome.states.insert(outcome.states.end(), values.begin(), values.end());
  }
  const auto shared = model.share(one.precision);
  model.save_weights(saved);
  model::Workspace workspace;
  outcome.add(model::run(*shared, batch_of(one, 0), workspace));
  outcome.add(model::run(*model::load_weights(saved, one.architecture, {.base = base}, one.precision),
                         batch_of(one, 0), workspace));
  model.load_weights(saved);
  model.merge_lora();
  outcome.add(model.forward(batch_of(one, 1)));
  return outcome;
}

class ProtectedModel : public ::testing::TestWithParam<Case> {};

TEST_P(ProtectedModel, HasTheSameBits) {
  const Outcome expected = outcome_of(GetParam(), kernels::machine_ops());
  const Outcome actual = outcome_of(GetParam(), kernels::testing::protected_table());
  EXPECT_EQ(actual.losses, expected.losses);
  EXPECT_EQ(actual.logits, expected.logits);
  EXPECT_EQ(actual.gradients, expected.gradients);
  EXPECT_EQ(actual.values, expected.values);
  EXPECT_EQ(actual.states, expected.states);
  EXPECT_FALSE(expected.logits.empty());
  EXPECT_EQ(kernels::testing::protected_allocations(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, ProtectedModel, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

// A step takes no memory of the table once the largest batch was seen, but a number for the norm.
TEST(ProtectedModel, AStepAllocatesNothing) {
  const Context::Use use({.ops = &kernels::testing::protected_table()});
  auto model = BertForSequenceClassification::from_config(tiny_config());
  model.train();
  const Case one{"classes", Architecture::sequence_classification};
  const auto step = [&](int number) {
    model.parameters().zero_grad();
    model.forward(batch_of(one, number));
    model.backward();
  };
  step(0), step(1);
  const std::size_t before = kernels::testing::protected_allocations_so_far();
  for (int number = 2; number < 6; ++number) step(number);
  EXPECT_EQ(kernels::testing::protected_allocations_so_far(), before);
}

TEST(ProtectedModelDeathTest, ActivationsCannotBeReadByTheHost) {
  const Context::Use use({.ops = &kernels::testing::protected_table()});
  kernels::Arena arena;
  float* activation = nullptr;
  arena.lay_out([&](kernels::Arena& memory) { activation = memory.take(4); });
  EXPECT_EQ(read({activation, 4}), Values(4));
  EXPECT_DEATH({ [[maybe_unused]] const volatile float value = activation[0]; }, "");
}

}  // namespace
}  // namespace bertune::protected_memory_test
