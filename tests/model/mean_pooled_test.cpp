// Classifiers on mean-pooled states as models of their family, and the loss over all pairs of a batch's
// texts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "bertune/error.h"
#include "bertune/model.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"

namespace bertune::mean_pooled_test {
namespace {

Batch texts() {
  Batch batch;
  batch.add(std::vector<std::int32_t>{2, 5, 6, 3}, {});
  batch.add(std::vector<std::int32_t>{2, 7, 3}, {});
  batch.add(std::vector<std::int32_t>{2, 9, 8, 11, 5, 3}, {});
  return batch;
}

std::vector<float> random_numbers(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(engine);
  return numbers;
}

class ClassifierOfFamily : public ::testing::TestWithParam<ModelType> {
 protected:
  BertPreTrainedModel encoder_ =
      BertPreTrainedModel::from_config(testing::tiny_config(GetParam()), Architecture::sentence_embedding);
  MeanPooledClassifier classifier_{.id2label = {"a", "b", "c"},
                                   .problem_type = ProblemType::single_label_classification,
                                   .weight = random_numbers(3 * 32, 1),
                                   .bias = random_numbers(3, 2)};

  // weight · u + bias, as MeanPooledClassifier says it.
  std::vector<double> expected() {
    const Batch batch = texts();
    const auto pooled = encoder_.forward(batch).logits;
    std::vector<double> logits;
    for (std::size_t row = 0; row < 3; ++row) {
      const auto own = pooled.subspan(row * 32, 32);
      const double mean = std::accumulate(own.begin(), own.end(), 0.0) / 32;
      double squares = 0;
      for (const float value : own) squares += (double{value} - mean) * (double{value} - mean);
      for (std::size_t label = 0; label < 3; ++label) {
        double sum = double{classifier_.bias[label]};
        for (std::size_t i = 0; i < 32; ++i)
          sum += double{classifier_.weight[label * 32 + i]} * (double{own[i]} - mean) / std::sqrt(squares);
        logits.push_back(sum);
      }
    }
    return logits;
  }

  void expect_logits(BertPreTrainedModel& model) {
    const std::vector<double> right = expected();
    const auto found = model.forward(texts()).logits;
    ASSERT_EQ(found.size(), right.size());
    for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(double{found[i]}, right[i], 1e-3) << i;
  }
};

TEST_P(ClassifierOfFamily, IsLinearInTheNormalizedMean) {
  BertPreTrainedModel model = encoder_.mean_pooled_classifier(classifier_);
  EXPECT_EQ(model.architecture(), Architecture::sequence_classification);
  EXPECT_EQ(model.config().num_hidden_layers, encoder_.config().num_hidden_layers + 1);
  expect_logits(model);
}

TEST_P(ClassifierOfFamily, IsAnOrdinaryFolder) {
  const testing::TemporaryDirectory folder;
  encoder_.mean_pooled_classifier(classifier_).save_weights(folder.path(), SaveDtype::float32);
  auto model = BertPreTrainedModel::from_pretrained(folder.path(), Architecture::sequence_classification);
  EXPECT_TRUE(model.load_report().newly_initialized.empty());
  EXPECT_EQ(model.config().id2label, classifier_.id2label);
  expect_logits(model);
}

INSTANTIATE_TEST_SUITE_P(Families, ClassifierOfFamily,
                         ::testing::Values(ModelType::bert, ModelType::distilbert, ModelType::roberta,
                                           ModelType::electra));

TEST(MeanPooledClassifier, LearnsFurther) {
  const auto encoder =
      BertPreTrainedModel::from_config(testing::tiny_config(), Architecture::sentence_embedding);
  BertPreTrainedModel model = encoder.mean_pooled_classifier(
      {.id2label = {"a", "b"}, .weight = random_numbers(64, 3), .bias = {0, 0}});
  Batch batch = texts();
  batch.labels = {0, 1, 1};
  model.train();
  model.forward(batch);
  model.backward();
  for (const char* name :
       {"attention.self.key.weight", "attention.self.value.weight", "output.dense.weight"}) {
    const auto gradient = model.parameters().gradient(std::string("bert.encoder.layer.2.") + name);
    EXPECT_TRUE(std::ranges::any_of(gradient, [](float value) { return value != 0; })) << name;
  }
}

TEST(MeanPooledClassifier, RefusesWeightsThatDoNotFit) {
  const auto encoder =
      BertPreTrainedModel::from_config(testing::tiny_config(), Architecture::sentence_embedding);
  EXPECT_EQ(testing::message_of<Error>([&] {
              encoder.mean_pooled_classifier({.id2label = {"a", "b"}, .weight = {1, 2, 3}, .bias = {0, 0}});
            }),
            "a classifier of 2 labels on 32 features has 3 weights and 2 biases");
}

// All pairs, as the head compares each two texts of a batch.
class AllPairs : public ::testing::TestWithParam<Pooling> {
 protected:
  AllPairs() : model_(make()) {}

  static BertPreTrainedModel make() {
    BertConfig config = testing::tiny_config();
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0;
    config.sentence_embedding.pooling = GetParam();
    auto model = BertPreTrainedModel::from_config(config, Architecture::sentence_embedding);
    model.train();
    return model;
  }

  // Returns the loss, and leaves the gradient in the model.
  double loss(const Batch& batch) {
    model_.parameters().zero_grad();
    const double loss = double{model_.forward(batch).loss};
    model_.backward();
    return loss;
  }

  BertPreTrainedModel model_;
  const std::vector<float> targets_ = {1, 0, 0.5F, 0, 1, 0, 0.5F, 0, 1};
};

// The same as the loss of pairs, over all nine of them.
TEST_P(AllPairs, AreThoseOfTheCosineLoss) {
  Batch all = texts(), pairs;
  all.targets = pairs.targets = targets_;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k)
      for (const std::size_t row : {i, k})
        pairs.add(std::span(all.input_ids)
                      .subspan(static_cast<std::size_t>(all.cu_seqlens[row]),
                               static_cast<std::size_t>(all.cu_seqlens[row + 1] - all.cu_seqlens[row])),
                  {});
  const double expected = loss(pairs);
  const auto gradients = std::as_const(model_).parameters().gradients();
  const std::vector<float> of_pairs(gradients.begin(), gradients.end());
  EXPECT_NEAR(loss(all), expected, 1e-6);
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < of_pairs.size(); ++i) {
    const double one = double{of_pairs[i]}, other = double{gradients[i]};
    difference += (one - other) * (one - other), size += one * one;
  }
  EXPECT_LT(std::sqrt(difference / size), 1e-4);
}

TEST_P(AllPairs, HaveTheGradientOfTheirLoss) {
  Batch batch = texts();
  batch.targets = targets_;
  loss(batch);
  const auto gradients = std::as_const(model_).parameters().gradients();
  std::vector<float> direction = random_numbers(gradients.size(), 5);
  double slope = 0;
  for (std::size_t i = 0; i < direction.size(); ++i) slope += double{direction[i]} * double{gradients[i]};
  const auto loss_at = [&](float place) {
    const std::span<float> values = model_.parameters().values();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += place * direction[i];
    const double loss = double{model_.forward(batch).loss};
    const std::span<float> again = model_.parameters().values();
    for (std::size_t i = 0; i < again.size(); ++i) again[i] -= place * direction[i];
    return loss;
  };
  constexpr float kStep = 2e-4F;
  const double numeric = (loss_at(kStep) - loss_at(-kStep)) / (2 * double{kStep});
  EXPECT_NEAR(slope, numeric, 0.02 * std::abs(numeric) + 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Poolings, AllPairs, ::testing::Values(Pooling::mean, Pooling::cls));

}  // namespace
}  // namespace bertune::mean_pooled_test
