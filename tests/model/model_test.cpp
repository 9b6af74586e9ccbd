// The public model: what it accepts, what it refuses, what it saves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "bertune/error.h"
#include "bertune/model.h"
#include "support/message_of.h"
#include "support/tiny_checkpoint.h"

namespace bertune::model_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using testing::tiny_config;

Batch small_batch() {
  Batch batch;
  batch.add(std::vector<std::int32_t>{2, 5, 6, 3}, std::vector<std::int32_t>{0, 0, 0, 0});
  batch.add(std::vector<std::int32_t>{2, 7, 3, 8, 3}, std::vector<std::int32_t>{0, 0, 0, 1, 1});
  batch.labels = {0, 1};
  return batch;
}

TEST(Model, RefusesWhatItCannotCompute) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  const auto forward = [&](auto change) {
    Batch batch = small_batch();
    change(batch);
    return message_of([&] { model.forward(batch); });
  };
  EXPECT_THAT(forward([](Batch& b) { b.input_ids[1] = 70; }), HasSubstr("token id 70"));
  EXPECT_THAT(forward([](Batch& b) { b.input_ids[1] = -1; }), HasSubstr("token id -1"));
  EXPECT_THAT(forward([](Batch& b) { b.token_type_ids[1] = 2; }), HasSubstr("token type id 2"));
  EXPECT_THAT(forward([](Batch& b) { b.labels[1] = 2; }), HasSubstr("label 2 of sequence 1"));
  EXPECT_THAT(forward([](Batch& b) { b.labels.pop_back(); }), HasSubstr("2 sequences has 1 labels"));
  EXPECT_THAT(forward([](Batch& b) { b.cu_seqlens[1] = 9; }), HasSubstr("sequence 1 has 0 tokens"));
  EXPECT_THAT(forward([](Batch& b) {
                for (int i = 0; i < 41; ++i) b.input_ids.push_back(5), b.token_type_ids.push_back(0);
                b.cu_seqlens.back() += 41;
              }),
              HasSubstr("this model takes 1 to 40"));
  EXPECT_THAT(message_of([&] { model.backward(); }), HasSubstr("must follow a forward"));
}

// The last forward decides whether backward may follow, not the mode since then.
TEST(Model, BackwardAfterTheModeHasChanged) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  model.train();
  model.dropout_state() = {.seed = 1, .step = 1};
  model.forward(small_batch());
  model.backward();
  const std::span<const float> gradients = model.parameters().gradients();
  const std::vector<float> expected(gradients.begin(), gradients.end());
  model.parameters().zero_grad();
  model.dropout_state() = {.seed = 1, .step = 1};
  model.forward(small_batch());
  model.eval();
  model.backward();
  EXPECT_TRUE(std::ranges::equal(model.parameters().gradients(), expected));
  model.forward(small_batch());
  model.train();
  EXPECT_THROW(model.backward(), Error);
}

TEST(Model, EvalTakesNewValuesAndOtherParameters) {
  auto model = BertForSequenceClassification::from_config(tiny_config()),
       other = BertForSequenceClassification::from_config(tiny_config(), 7);
  const auto logits = [](BertForSequenceClassification& of) {
    const std::span<const float> values = of.forward(small_batch()).logits;
    return std::vector<float>(values.begin(), values.end());
  };
  const std::vector<float> before = logits(model), expected = logits(other);
  EXPECT_NE(before, expected);
  std::ranges::copy(other.parameters().values(), model.parameters().values().begin());
  model.eval();
  EXPECT_EQ(logits(model), expected);
  model.parameters() = std::move(other.parameters());
  EXPECT_EQ(logits(model), expected);
  BertConfig none = tiny_config();
  none.num_hidden_layers = 0;
  EXPECT_THROW(BertForSequenceClassification::from_config(none), Error);
}

TEST(Model, BackwardNeedsTrainModeAndLabelsAndAddsUp) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  model.forward(small_batch());
  EXPECT_THROW(model.backward(), Error);
  model.train();
  model.dropout_state().step = 0;
  model.forward(small_batch());
  model.backward();
  EXPECT_THROW(model.backward(), Error);
  const std::vector<float> once(model.parameters().gradients().begin(), model.parameters().gradients().end());
  model.dropout_state().step = 0;
  model.forward(small_batch());
  model.backward(2.0F);
  for (std::size_t i = 0; i < once.size(); ++i) {
    ASSERT_NEAR(model.parameters().gradients()[i], 3 * once[i], 1e-5 + 1e-4 * std::abs(once[i])) << i;
  }
}

TEST(Model, DropoutChangesWithTheStepAndIsOffInEvaluation) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  const auto logits = [&] {
    const auto output = model.forward(small_batch()).logits;
    return std::vector<float>(output.begin(), output.end());
  };
  EXPECT_EQ(logits(), logits());
  model.train();
  const auto first = logits(), second = logits();
  EXPECT_NE(first, second);
  model.dropout_state().step = 0;
  EXPECT_EQ(first, logits());
}

TEST(Model, DropoutDoesNotDependOnPacking) {
  auto model = BertForSequenceClassification::from_config(tiny_config());
  model.train();
  Batch both = small_batch();
  const auto output = model.forward(both).logits;
  const std::vector<float> together(output.begin(), output.end());
  Batch second;
  second.add(std::vector<std::int32_t>{2, 7, 3, 8, 3}, std::vector<std::int32_t>{0, 0, 0, 1, 1});
  second.labels = {1};
  second.first_sequence = 1;
  model.dropout_state().step = 0;
  const auto alone = model.forward(second).logits;
  EXPECT_NEAR(alone[0], together[2], 1e-5);
  EXPECT_NEAR(alone[1], together[3], 1e-5);
}

TEST(Model, SavesAndLoadsTheSameBits) {
  const testing::TemporaryDirectory files;
  testing::write_tiny_checkpoint(files.path() / "base");
  const auto model = BertForSequenceClassification::from_pretrained(files.path() / "base");
  const auto tokenizer = BertTokenizer::from_pretrained(files.path() / "base");
  save_pretrained(files.path() / "copy", model, tokenizer);
  const auto copy = BertForSequenceClassification::from_pretrained(files.path() / "copy");
  EXPECT_TRUE(std::ranges::equal(model.parameters().values(), copy.parameters().values()));
  EXPECT_TRUE(copy.load_report().newly_initialized.empty());
  EXPECT_EQ(BertTokenizer::from_pretrained(files.path() / "copy").encode("the film was bad").input_ids,
            tokenizer.encode("the film was bad").input_ids);
}

TEST(Model, ANewHeadIsReportedAndDrawnFromTheInitializer) {
  const testing::TemporaryDirectory files;
  BertConfig config = tiny_config();
  config.hidden_size = 64;
  BertForSequenceClassification::from_config(config).save_weights(files.path());
  EXPECT_THAT(
      message_of([&] { BertForSequenceClassification::from_pretrained(files.path(), {.num_labels = 50}); }),
      HasSubstr("classifier.weight has shape [2, 64] in the checkpoint and [50, 64] in the model"));
  const auto model = BertForSequenceClassification::from_pretrained(
      files.path(), {.num_labels = 50, .ignore_mismatched_sizes = true});
  EXPECT_THAT(model.load_report().mismatched, ElementsAre("classifier.weight", "classifier.bias"));
  double squares = 0;
  for (const float value : model.parameters().value("classifier.weight")) squares += value * value;
  EXPECT_NEAR(std::sqrt(squares / (50 * 64)), config.initializer_range, 0.005);
  for (const float value : model.parameters().value("classifier.bias")) EXPECT_EQ(value, 0.0F);
}

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Found by fuzzing: half a gigabyte of random values was drawn for an encoder before it was refused.
TEST(Model, AWrongConfigurationIsRefusedBeforeItsMemoryIsFilled) {
  const testing::TemporaryDirectory files;
  BertForSequenceClassification::from_config(tiny_config()).save_weights(files.path());
  files.write("config.json", R"({"model_type": "roberta"})");  // the other sizes are those of the base model
  const long before = peak_kilobytes();
  EXPECT_THAT(message_of([&] { BertForSequenceClassification::from_pretrained(files.path()); }),
              HasSubstr("197 of the encoder's tensors are missing"));
  EXPECT_LT(peak_kilobytes() - before, 200'000);  // kilobytes; the values take 500,000
}

}  // namespace
}  // namespace bertune::model_test
