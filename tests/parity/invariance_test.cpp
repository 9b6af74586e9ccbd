// What must not change a result: how sequences are packed, the number of threads, and running once more. With
// dropout this holds as well: its random numbers belong to a place in the global batch, not to a place in
// memory.
#include <gtest/gtest.h>

#include "core/parallel.h"
#include "kernels/ops.h"
#include "parity/model_case.h"
#include "support/closeness.h"

namespace bertune::invariance_test {
namespace {

constexpr double kTolerance = 1e-5;

struct Outcome {
  std::vector<float> logits, gradients;
  float loss = 0;
};

// From the same step of dropout each time.
Outcome forward_backward(BertForSequenceClassification& model, const Batch& batch) {
  model.train();
  model.dropout_state() = {.seed = 7, .step = 3};
  model.parameters().zero_grad();
  const ModelOutput output = model.forward(batch);
  Outcome outcome{{output.logits.begin(), output.logits.end()}, {}, output.loss};
  model.backward();
  const auto gradients = model.parameters().gradients();
  outcome.gradients.assign(gradients.begin(), gradients.end());
  return outcome;
}

// Enough tokens that work is cut into many blocks: 96 sequences of 1 to 40 tokens.
Batch large_batch(const BertConfig& config) {
  Batch batch;
  std::uint32_t state = 12345;
  const auto below = [&state](std::int64_t bound) {
    state = state * 1664525U + 1013904223U;
    return static_cast<std::int32_t>((std::uint64_t{state} * static_cast<std::uint64_t>(bound)) >> 32);
  };
  for (int sequence = 0; sequence < 96; ++sequence) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(1 + below(config.max_position_embeddings)));
    std::vector<std::int32_t> types(ids.size());
    for (auto& id : ids) id = below(config.vocab_size);
    for (auto& type : types) type = below(config.type_vocab_size);
    batch.add(ids, types);
    batch.labels.push_back(below(config.num_labels()));
  }
  return batch;
}

BertForSequenceClassification load(float dropout) {
  LoadOptions options;
  options.hidden_dropout_prob = options.attention_probs_dropout_prob = options.classifier_dropout = dropout;
  const auto folder = testing::parity_fixtures() / "model" / "two_layers";
  return BertForSequenceClassification::from_pretrained(folder, options);
}

void expect_same_bits(const Outcome& actual, const Outcome& expected) {
  EXPECT_TRUE(testing::same_bits("logits", actual.logits, expected.logits));
  EXPECT_TRUE(testing::same_bits("loss", {&actual.loss, 1}, {&expected.loss, 1}));
  EXPECT_TRUE(testing::same_bits("gradients", actual.gradients, expected.gradients));
}

class Invariance : public ::testing::TestWithParam<float> {
 protected:
  void TearDown() override { set_num_threads(0); }

  BertForSequenceClassification model_ = load(GetParam());
  const Batch batch_ = large_batch(model_.config());
  const std::size_t sequences_ = static_cast<std::size_t>(batch_.sequences());
};

TEST_P(Invariance, SequenceAloneEqualsSequenceInBatch) {
  const Outcome packed = forward_backward(model_, batch_);
  model_.parameters().zero_grad();
  double loss = 0;
  std::vector<float> logits;
  for (std::size_t i = 0; i < sequences_; ++i) {
    Batch one = testing::one_sequence(batch_, i);
    one.first_sequence = static_cast<std::int64_t>(i);
    model_.dropout_state() = {.seed = 7, .step = 3};
    const ModelOutput alone = model_.forward(one);
    logits.insert(logits.end(), alone.logits.begin(), alone.logits.end());
    loss += alone.loss / static_cast<double>(sequences_);
    model_.backward(1.0F / static_cast<float>(sequences_));
  }
  EXPECT_TRUE(testing::elements_close("logits", std::span<const float>(logits),
                                      std::span<const float>(packed.logits), kTolerance));
  EXPECT_NEAR(loss, packed.loss, kTolerance);
  // The gradient of the mean is the mean of the gradients, which backward() has added up.
  for (const Parameter& parameter : model_.parameters().layout()) {
    if (parameter.name.ends_with("self.key.bias"))
      continue;  // zero in exact arithmetic: rounding on both sides
    const auto expected = std::span<const float>(packed.gradients).subspan(parameter.offset, parameter.size);
    const std::span<const float> actual = model_.parameters().gradient(parameter.name);
    EXPECT_TRUE(testing::norm_close(parameter.name, actual, expected, kTolerance));
  }
}

TEST_P(Invariance, BackwardAddsToGradients) {
  const Outcome once = forward_backward(model_, batch_);
  model_.dropout_state() = {.seed = 7, .step = 3};
  model_.forward(batch_);
  model_.backward(0.5F);
  std::vector<float> expected = once.gradients;
  for (float& value : expected) value *= 1.5F;
  const std::span<const float> actual = model_.parameters().gradients();
  EXPECT_TRUE(testing::norm_close("gradients", actual, std::span<const float>(expected), 1e-6));
}

TEST_P(Invariance, NumberOfThreads) {
  set_num_threads(1);
  const Outcome one = forward_backward(model_, batch_);
  for (const int threads : {2, 3, 4}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    set_num_threads(threads);
    expect_same_bits(forward_backward(model_, batch_), one);
  }
}

TEST_P(Invariance, Bf16IsNearF32OnAnyNumberOfThreads) {
  const Outcome f32 = forward_backward(model_, batch_);
  model_.set_precision(Precision::bf16);
  set_num_threads(1);
  const Outcome one = forward_backward(model_, batch_);
  EXPECT_EQ(one.gradients == f32.gradients, !kernels::ops().bf16);
  EXPECT_NEAR(one.loss, f32.loss, 1e-2 * f32.loss);
  EXPECT_TRUE(testing::norm_close("gradients", std::span<const float>(one.gradients),
                                  std::span<const float>(f32.gradients), 2e-2));
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    expect_same_bits(forward_backward(model_, batch_), one);
  }
  model_.eval();
  const ModelOutput evaluated = model_.forward(batch_);
  const std::vector<float> logits(evaluated.logits.begin(), evaluated.logits.end());
  model_.set_precision(Precision::fp32);
  EXPECT_TRUE(testing::same_bits("evaluation", logits, model_.forward(batch_).logits));
}

TEST_P(Invariance, RunAgain) {
  const Outcome first = forward_backward(model_, batch_);
  forward_backward(model_, testing::one_sequence(batch_, 3));  // leaves other numbers in the arena
  model_.eval();
  model_.forward(batch_);
  expect_same_bits(forward_backward(model_, batch_), first);
  BertForSequenceClassification other = load(GetParam());
  expect_same_bits(forward_backward(other, batch_), first);
}

TEST_P(Invariance, DropoutChangesFromStepToStep) {
  const Outcome first = forward_backward(model_, batch_);  // advances the step
  const ModelOutput next = model_.forward(batch_);
  const bool same = testing::same_bits("logits", next.logits, first.logits);
  EXPECT_EQ(same, GetParam() == 0);
}

INSTANTIATE_TEST_SUITE_P(Dropout, Invariance, ::testing::Values(0.0F, 0.1F),
                         [](const auto& instance) { return instance.param == 0 ? "off" : "on"; });

TEST(Order, OfSequencesInTheBatch) {
  BertForSequenceClassification model = load(0);
  const Batch batch = large_batch(model.config());
  Batch reversed;
  const auto sequences = static_cast<std::size_t>(batch.sequences());
  for (std::size_t i = sequences; i-- > 0;) {
    const Batch one = testing::one_sequence(batch, i);
    reversed.add(one.input_ids, one.token_type_ids);
    reversed.labels.push_back(one.labels.front());
  }
  const Outcome forwards = forward_backward(model, batch);
  const Outcome backwards = forward_backward(model, reversed);
  const auto num_labels = static_cast<std::ptrdiff_t>(model.config().num_labels());
  std::vector<float> logits;  // of the last sequence first, as in `forwards`
  for (auto end = backwards.logits.end(); end != backwards.logits.begin(); end -= num_labels) {
    logits.insert(logits.end(), end - num_labels, end);
  }
  EXPECT_TRUE(testing::elements_close("logits", std::span<const float>(logits),
                                      std::span<const float>(forwards.logits), kTolerance));
  EXPECT_TRUE(testing::norm_close("gradients", std::span<const float>(backwards.gradients),
                                  std::span<const float>(forwards.gradients), kTolerance));
}

}  // namespace
}  // namespace bertune::invariance_test
