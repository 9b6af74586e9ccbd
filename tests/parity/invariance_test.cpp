// What must not change a result: how sequences are packed, the number of threads, and running once more.
#include <gtest/gtest.h>

#include "core/parallel.h"
#include "parity/model_case.h"
#include "support/closeness.h"

namespace bertune {
namespace {

struct Outcome {
  std::vector<float> logits, gradients;
  float loss = 0;
};

Outcome forward_backward(BertForSequenceClassification& model, const Batch& batch) {
  model.train();
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

class Invariance : public ::testing::Test {
 protected:
  void TearDown() override { set_num_threads(0); }
  static BertForSequenceClassification load() {
    return BertForSequenceClassification::from_pretrained(testing::parity_fixtures() / "model" /
                                                          "two_layers");
  }

  BertForSequenceClassification model_ = load();
  const Batch batch_ = large_batch(model_.config());
};

void expect_same_bits(const Outcome& actual, const Outcome& expected) {
  EXPECT_TRUE(testing::same_bits("logits", actual.logits, expected.logits));
  EXPECT_TRUE(testing::same_bits("loss", {&actual.loss, 1}, {&expected.loss, 1}));
  EXPECT_TRUE(testing::same_bits("gradients", actual.gradients, expected.gradients));
}

TEST_F(Invariance, SequenceAloneEqualsSequenceInBatch) {
  const Outcome packed = forward_backward(model_, batch_);
  const auto width = static_cast<std::size_t>(model_.config().num_labels());
  const auto sequences = static_cast<std::size_t>(batch_.sequences());
  model_.parameters().zero_grad();
  double loss = 0;
  for (std::size_t i = 0; i < sequences; ++i) {
    const ModelOutput alone = model_.forward(testing::one_sequence(batch_, i));
    const auto row = std::span<const float>(packed.logits).subspan(i * width, width);
    EXPECT_TRUE(testing::elements_close("logits of sequence " + std::to_string(i), alone.logits, row, 1e-5));
    loss += alone.loss / static_cast<double>(sequences);
    model_.backward(1.0F / static_cast<float>(sequences));
  }
  EXPECT_NEAR(loss, packed.loss, 1e-5);
  // The gradient of the mean is the mean of the gradients, which backward() has added up.
  for (const Parameter& parameter : model_.parameters().layout()) {
    if (parameter.name.ends_with("self.key.bias"))
      continue;  // zero in exact arithmetic, rounding on both sides
    const auto expected = std::span<const float>(packed.gradients).subspan(parameter.offset, parameter.size);
    EXPECT_TRUE(testing::norm_close(parameter.name,
                                    std::span<const float>(model_.parameters().gradient(parameter.name)),
                                    expected, 1e-5));
  }
}

TEST_F(Invariance, OrderOfSequences) {
  Batch reversed;
  const auto sequences = static_cast<std::size_t>(batch_.sequences());
  for (std::size_t i = sequences; i-- > 0;) {
    const Batch one = testing::one_sequence(batch_, i);
    reversed.add(one.input_ids, one.token_type_ids);
    reversed.labels.push_back(one.labels.front());
  }
  const Outcome forwards = forward_backward(model_, batch_);
  const Outcome backwards = forward_backward(model_, reversed);
  const auto width = static_cast<std::size_t>(model_.config().num_labels());
  for (std::size_t i = 0; i < sequences; ++i) {
    EXPECT_TRUE(testing::elements_close(
        "logits of sequence " + std::to_string(i),
        std::span<const float>(backwards.logits).subspan((sequences - 1 - i) * width, width),
        std::span<const float>(forwards.logits).subspan(i * width, width), 1e-5));
  }
  EXPECT_TRUE(testing::norm_close("gradients", std::span<const float>(backwards.gradients),
                                  std::span<const float>(forwards.gradients), 1e-5));
}

TEST_F(Invariance, BackwardAddsToGradients) {
  const Outcome once = forward_backward(model_, batch_);
  model_.forward(batch_);
  model_.backward(0.5F);
  std::vector<float> expected = once.gradients;
  for (float& value : expected) value *= 1.5F;
  EXPECT_TRUE(testing::norm_close("gradients", std::span<const float>(model_.parameters().gradients()),
                                  std::span<const float>(expected), 1e-6));
}

TEST_F(Invariance, NumberOfThreads) {
  set_num_threads(1);
  const Outcome one = forward_backward(model_, batch_);
  for (const int threads : {2, 3, 4}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    set_num_threads(threads);
    expect_same_bits(forward_backward(model_, batch_), one);
  }
}

TEST_F(Invariance, RunAgain) {
  const Outcome first = forward_backward(model_, batch_);
  forward_backward(model_, testing::one_sequence(batch_, 3));  // leaves other numbers in the arena
  expect_same_bits(forward_backward(model_, batch_), first);
  BertForSequenceClassification other = load();
  expect_same_bits(forward_backward(other, batch_), first);
}

}  // namespace
}  // namespace bertune
