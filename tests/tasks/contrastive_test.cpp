// Which texts a contrastive step compares, and what it says of them.
#include "tasks/text_classification/contrastive.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <set>

namespace bertune::tasks {
namespace {

using ::testing::ElementsAre;

TextClassificationExamples texts_of(const std::vector<std::int32_t>& labels, std::int64_t classes) {
  TextClassificationExamples texts;
  texts.num_labels = classes, texts.labels = labels;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    texts.input_ids.insert(texts.input_ids.end(), {2, static_cast<std::int32_t>(row) + 10, 3});
    texts.begins.push_back(static_cast<std::int64_t>(texts.input_ids.size()));
    texts.lengths.push_back(3);
  }
  return texts;
}

TEST(Contrastive, ComparesEachTextOfAStepWithEach) {
  const TextClassificationExamples texts = texts_of({0, 1, 0, 1}, 2);
  const ContrastiveExamples steps(texts, {.steps = 1, .texts = 8});
  EXPECT_THAT(steps.texts_of(0), ElementsAre(0, 1, 2, 3));
  Batch batch;
  steps.add_to(batch, 0);
  EXPECT_EQ(batch.sequences(), 4);
  EXPECT_THAT(batch.targets, ElementsAre(1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1));
  EXPECT_EQ(steps.tokens_of_first(1), 12);
}

TEST(Contrastive, TakesSeveralTextsOfEachOfSomeClasses) {
  std::vector<std::int32_t> labels;
  for (std::int32_t row = 0; row < 200; ++row) labels.push_back(row % 20);
  const TextClassificationExamples texts = texts_of(labels, 20);
  const ContrastiveExamples steps(texts, {.steps = 25, .texts = 32, .seed = 3});
  std::set<std::int64_t> seen;
  for (std::int64_t step = 0; step < steps.rows(); ++step) {
    std::array<int, 20> counts{};
    for (const std::int64_t text : steps.texts_of(step)) ++counts.at(static_cast<std::size_t>(text % 20));
    EXPECT_EQ(std::ranges::count(counts, 4), 8) << step;
    EXPECT_EQ(std::ranges::count(counts, 0), 12) << step;
    seen.insert(steps.texts_of(step).begin(), steps.texts_of(step).end());
  }
  EXPECT_EQ(seen.size(), 200U);  // 10 turns of each class with 4 texts each
}

TEST(Contrastive, SaysOfSeveralLabelsWhatTheyHaveInCommon) {
  TextClassificationExamples texts = texts_of({0, 0, 0}, 3);
  texts.labels.clear();
  texts.targets = {1, 1, 0, 0, 1, 0, 0, 0, 0};
  const ContrastiveExamples steps(texts, {.steps = 1});
  EXPECT_EQ(steps.target(0, 1), 0.5F);
  EXPECT_EQ(steps.target(0, 2), 0);
  EXPECT_EQ(steps.target(2, 2), 1);
  EXPECT_THAT(steps.texts_of(0), ElementsAre(0, 1, 2));
}

TEST(Contrastive, SeedDecidesTheSteps) {
  std::vector<std::int32_t> labels;
  for (std::int32_t row = 0; row < 60; ++row) labels.push_back(row % 6);
  const TextClassificationExamples texts = texts_of(labels, 6);
  const auto fingerprint = [&](std::uint64_t seed) {
    return ContrastiveExamples(texts, {.steps = 5, .texts = 12, .seed = seed}).fingerprint();
  };
  EXPECT_EQ(fingerprint(1), fingerprint(1));
  EXPECT_NE(fingerprint(1), fingerprint(2));
}

}  // namespace
}  // namespace bertune::tasks
