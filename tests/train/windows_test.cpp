// Texts in several windows: the loss is that of their pooled logits, its gradient is the right one, and a
// step in parts is the step in one, however many windows a text has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "bertune/error.h"
#include "core/random.h"
#include "support/closeness.h"
#include "support/message_of.h"
#include "train/batches.h"
#include "train/made_task.h"
#include "train/step_batches.h"
#include "train/window_parts.h"

namespace bertune::train {
namespace {

using ::testing::HasSubstr;
using testing::Kind;
using testing::MadeExamples;

// Row i is a text of 1 + i % 5 windows, whose label is that of a made row.
class MadeWindows : public tasks::Examples {
 public:
  MadeWindows(const Kind& kind, std::int64_t rows, WindowScore score)
      : made_(kind, 1000), rows_(rows), score_(score) {}
  std::int64_t rows() const override { return rows_; }
  std::int64_t tokens_of_first(std::int64_t) const override { return 0; }
  std::string fingerprint() const override { return "windows"; }
  std::int64_t windows_of(std::int64_t row) const override { return 1 + row % 5; }
  void add_to(Batch& batch, std::int64_t row) const override {
    if (batch.cu_texts.empty()) batch.cu_texts.push_back(0);
    for (std::int64_t i = 0; i < windows_of(row); ++i) {
      const std::size_t labels = batch.labels.size(), targets = batch.targets.size();
      made_.add_to(batch, 10 * row + i);
      if (i > 0) batch.labels.resize(std::min(labels, batch.labels.size())), batch.targets.resize(targets);
    }
    batch.cu_texts.push_back(static_cast<std::int32_t>(batch.sequences()));
    batch.window_score = score_;
  }

 private:
  MadeExamples made_;
  std::int64_t rows_;
  WindowScore score_;
};

struct Computed {
  double loss = 0;
  std::vector<float> gradients;
};

Computed computed(BertPreTrainedModel& model, std::span<const Batch> batches) {
  model.train();
  model.dropout_state().seed = 5;
  model.parameters().zero_grad();
  Computed result;
  WindowParts parts(model, 11);
  for (const Batch& batch : batches) {
    const Batch& whole = parts.complete(batch, batches);
    model.dropout_state().step = 11;
    result.loss += static_cast<double>(model.forward(whole).loss);
    model.backward();
  }
  const auto gradients = model.parameters().gradients();
  result.gradients.assign(gradients.begin(), gradients.end());
  return result;
}

std::vector<std::int64_t> rows_up_to(std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

class Windows : public ::testing::TestWithParam<std::tuple<Kind, WindowScore>> {
 protected:
  Kind kind = std::get<0>(GetParam());
  WindowScore score = std::get<1>(GetParam());
};

TEST_P(Windows, LogitsArePooled) {
  BertPreTrainedModel model = testing::make_model(kind);
  const MadeWindows texts(kind, 5, score);
  Batch batch;
  for (std::int64_t row = 0; row < 5; ++row) texts.add_to(batch, row);
  Batch apart = batch;
  apart.cu_texts.clear(), apart.labels.clear(), apart.targets.clear();
  const auto of_windows = model.forward(apart).logits;
  const std::vector<float> windows(of_windows.begin(), of_windows.end());
  const std::span<const float> pooled = model.forward(batch).logits;
  const auto width = static_cast<std::size_t>(model.config().num_labels());
  ASSERT_EQ(windows.size(), 15 * width);
  ASSERT_EQ(pooled.size(), 5 * width);
  for (std::size_t text = 0; text < 5; ++text) {
    for (std::size_t label = 0; label < width; ++label) {
      const auto first = static_cast<std::size_t>(batch.cu_texts[text]),
                 end = static_cast<std::size_t>(batch.cu_texts[text + 1]);
      double sum = 0, most = -1e9;
      for (std::size_t window = first; window < end; ++window) {
        const double logit = windows[window * width + label];
        sum += logit, most = std::max(most, logit);
      }
      const double expected = score == WindowScore::max ? most : sum / static_cast<double>(end - first);
      EXPECT_NEAR(pooled[text * width + label], expected, 1e-5);
    }
  }
}

// The slope of the loss along a direction is the product of the direction and the gradient.
TEST_P(Windows, TheGradientIsThatOfTheLoss) {
  BertPreTrainedModel model = testing::make_model(kind, 0.0F);
  const MadeWindows texts(kind, 6, score);
  for (const std::int64_t size : {100, 2}) {
    SCOPED_TRACE("batches of " + std::to_string(size));
    const std::vector<Batch> batches = step_batches(model, texts, rows_up_to(6), size);
    const Computed at = computed(model, batches);
    Random random(7, 0x57E9);
    const double length = bertune::testing::norm(std::span<const float>(at.gradients));
    ASSERT_GT(length, 1e-3);
    std::vector<double> direction;
    const double noise = length / std::sqrt(static_cast<double>(at.gradients.size()));
    double expected = 0;
    for (const float gradient : at.gradients) {
      direction.push_back((double{gradient} + noise * random.normal()) / length);
      expected += direction.back() * double{gradient};
    }
    const auto values = std::as_const(model).parameters().values();
    const std::vector<float> before(values.begin(), values.end());
    const auto loss_at = [&](double step) {
      const std::span<float> moved = model.parameters().values();
      for (std::size_t i = 0; i < before.size(); ++i)
        moved[i] = static_cast<float>(double{before[i]} + step * direction[i]);
      return computed(model, batches).loss;
    };
    constexpr double kStep = 4e-3;
    const double slope = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
    loss_at(0);
    EXPECT_NEAR(slope, expected, 0.02 * std::abs(expected));
  }
}

TEST_P(Windows, PartsAddUpToTheWhole) {
  BertPreTrainedModel model = testing::make_model(kind);
  const MadeWindows texts(kind, 20, score);
  const std::vector<std::int64_t> rows = rows_up_to(20);
  const std::vector<Batch> whole = step_batches(model, texts, rows, 1000);
  ASSERT_EQ(whole.size(), 1U);
  const Computed expected = computed(model, whole);
  EXPECT_GT(expected.loss, 0);
  for (const std::int64_t size : {17, 4, 1}) {
    SCOPED_TRACE("parts of " + std::to_string(size));
    const std::vector<Batch> parts = step_batches(model, texts, rows, size);
    for (const Batch& part : parts) EXPECT_LE(part.sequences(), size);
    const Computed actual = computed(model, parts);
    EXPECT_NEAR(actual.loss, expected.loss, 2e-5 * std::max(1.0, expected.loss));
    EXPECT_TRUE(bertune::testing::norm_close(
        "gradient", std::span<const float>(actual.gradients), std::span<const float>(expected.gradients),
        2e-5, bertune::testing::norm(std::span<const float>(expected.gradients))));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Windows,
                         ::testing::Combine(::testing::Values(testing::every_kind()[0],
                                                              testing::every_kind()[1],
                                                              testing::every_kind()[2]),
                                            ::testing::Values(WindowScore::mean, WindowScore::max)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param).name + "_" +
                                  std::string(to_string(std::get<1>(tested.param)));
                         });

TEST(WindowBatches, AreCutByWindows) {
  const std::vector<std::int64_t> rows = {0, 1, 2, 3, 4, 5};
  const auto sizes = [&](std::int64_t batch_size,
                         const std::function<std::int64_t(std::int64_t)>& windows_of) {
    std::vector<std::size_t> result;
    for (const auto& batch : cut_batches(rows, batch_size, windows_of)) result.push_back(batch.size());
    return result;
  };
  EXPECT_EQ(sizes(4, [](std::int64_t) { return 1; }), (std::vector<std::size_t>{4, 2}));
  EXPECT_EQ(sizes(4, [](std::int64_t row) { return row; }), (std::vector<std::size_t>{3, 1, 1, 1}));
  EXPECT_THROW(sizes(0, [](std::int64_t) { return 1; }), UsageError);
}

TEST(WindowBatches, AreRefusedWhereTheyDoNotFit) {
  const Kind kind = testing::every_kind()[0];
  BertPreTrainedModel model = testing::make_model(kind);
  Batch batch;
  MadeWindows(kind, 5, WindowScore::mean).add_to(batch, 3);
  batch.cu_texts = {0, 5};
  EXPECT_THAT(bertune::testing::message_of([&] { model.forward(batch); }), HasSubstr("cu_texts must ascend"));
  batch.cu_texts = {0, 2, 2, 4};
  EXPECT_THAT(bertune::testing::message_of([&] { model.forward(batch); }), HasSubstr("cu_texts must ascend"));
  batch.cu_texts = {0, 4};
  EXPECT_NO_THROW(model.forward(batch));
  BertPreTrainedModel other = testing::make_model(testing::every_kind()[6]);
  EXPECT_THAT(bertune::testing::message_of([&] { other.forward(batch); }),
              HasSubstr("reads no texts in windows"));
}

}  // namespace
}  // namespace bertune::train
