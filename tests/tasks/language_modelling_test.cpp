#include "tasks/language_modelling/task.h"

#include <gmock/gmock.h>

#include <cmath>

#include "core/parallel.h"
#include "tasks/pretraining_helpers.h"

namespace bertune::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using namespace testing;

LanguageModellingTask task_of(Objective objective) {
  LanguageModellingTask task;
  task.objective = objective;
  return task;
}

// Batches of one row each with the given labels, and the outputs that a model might give.
class LanguageModellingScorer : public ::testing::Test {
 protected:
  static Batch batch(const std::vector<std::int32_t>& labels, std::int32_t next) {
    Batch batch;
    batch.add(std::vector<std::int32_t>(labels.size(), kSpecial), std::vector<std::int32_t>(labels.size()));
    batch.labels = labels;
    batch.next_sentence_labels = {next};
    return batch;
  }
  BertTokenizer tokenizer = numbered_tokenizer(20);
  LanguageModellingExamples examples{numbered_documents({{3}, {3}}, 100), tokenizer, {}};
};

// Three masks in all, in batches of one and two: means are over masks, not over batches.
TEST_F(LanguageModellingScorer, NumbersByHand) {
  const LanguageModellingTask task = task_of(Objective::mlm_and_nsp);
  const auto scorer = task.scorer(examples);
  const std::vector<float> one = {0, 2, 1}, two = {5, 1, 1, 0, 0, 9};
  const std::vector<float> is_next = {3, 1}, is_not = {1, 0};
  scorer->add(
      0, batch({-100, 1, -100}, 0),
      {.logits = one, .next_sentence_logits = is_next, .masked_lm_loss = 0.6F, .next_sentence_loss = 0.1F});
  scorer->add(
      1, batch({2, -100, 2}, 1),
      {.logits = two, .next_sentence_logits = is_not, .masked_lm_loss = 1.2F, .next_sentence_loss = 0.7F});
  const Metrics metrics = scorer->result();
  EXPECT_EQ(metrics.rows, 2);
  const double masked = (0.6 + 2 * 1.2) / 3, next = (0.1 + 0.7) / 2;
  EXPECT_NEAR(metrics.value("masked_lm_loss"), masked, 1e-6);
  EXPECT_NEAR(metrics.value("next_sentence_loss"), next, 1e-6);
  EXPECT_NEAR(metrics.value("loss"), masked + next, 1e-6);
  EXPECT_NEAR(metrics.value("perplexity"), std::exp(masked), 1e-5);
  EXPECT_DOUBLE_EQ(metrics.value("masked_lm_accuracy"), 2.0 / 3);  // the second row's first mask is wrong
  EXPECT_DOUBLE_EQ(metrics.value("next_sentence_accuracy"), 1.0 / 2);
}

TEST_F(LanguageModellingScorer, WithoutPairsOnlyMasksCount) {
  const LanguageModellingTask task = task_of(Objective::mlm);
  const auto scorer = task.scorer(examples);
  const std::vector<float> logits = {0, 2, 1};
  scorer->add(0, batch({-100, 2, -100}, 0),
              {.logits = logits, .next_sentence_logits = {}, .masked_lm_loss = 0.5F});
  const Metrics metrics = scorer->result();
  EXPECT_THAT(metrics.values, ElementsAre(Pair("loss", 0.5), Pair("masked_lm_loss", 0.5),
                                          Pair("perplexity", std::exp(0.5)), Pair("masked_lm_accuracy", 0)));
}

TEST_F(LanguageModellingScorer, WithoutRowsThereAreNumbersTheTrainerCanAskFor) {
  const LanguageModellingTask task = task_of(Objective::mlm_and_nsp);
  const Metrics metrics = task.scorer(examples)->result();
  EXPECT_EQ(metrics.rows, 0);
  EXPECT_EQ(metrics.value(task.default_metric()), 0);
  EXPECT_EQ(metrics.value("perplexity"), 1);
}

// Which epoch is kept must not be the worst one.
TEST(LanguageModelling, LossesAndPerplexityAreBetterWhenSmall) {
  for (const char* metric : {"loss", "masked_lm_loss", "next_sentence_loss", "eval_perplexity"})
    EXPECT_FALSE(greater_is_better(metric)) << metric;
  for (const char* metric : {"masked_lm_accuracy", "next_sentence_accuracy"})
    EXPECT_TRUE(greater_is_better(metric)) << metric;
}

class LanguageModellingRows : public ::testing::Test {
 protected:
  LanguageModellingExamples examples(const PretrainingOptions& options) const {
    return {numbered_documents(random_shape(5, 40, 12, 20), 100000), tokenizer, options};
  }
  static Batch all(const LanguageModellingExamples& examples) {
    Batch batch;
    for (std::int64_t row = 0; row < examples.rows(); ++row) examples.add_to(batch, row);
    return batch;
  }
  static void expect_same(const Batch& a, const Batch& b) {
    EXPECT_EQ(a.input_ids, b.input_ids);
    EXPECT_EQ(a.token_type_ids, b.token_type_ids);
    EXPECT_EQ(a.cu_seqlens, b.cu_seqlens);
    EXPECT_EQ(a.labels, b.labels);
    EXPECT_EQ(a.next_sentence_labels, b.next_sentence_labels);
  }
  BertTokenizer tokenizer = numbered_tokenizer(99995);
};

TEST_F(LanguageModellingRows, AreAFunctionOfSeedAndEpoch) {
  LanguageModellingExamples one = examples({.max_length = 48}), two = examples({.max_length = 48});
  const Batch first = all(one);
  set_num_threads(2);
  two.start_epoch(3);
  const Batch fourth = all(two);
  EXPECT_NE(first.input_ids, fourth.input_ids);
  EXPECT_EQ(one.rows(), two.rows());  // steps are planned by the first epoch
  set_num_threads(1);
  two.start_epoch(0);
  expect_same(all(two), first);
  one.start_epoch(3);
  expect_same(all(one), fourth);
  set_num_threads(0);
  EXPECT_NE(all(examples({.max_length = 48, .seed = 43})).input_ids, first.input_ids);
  EXPECT_EQ(first.labels.size(), first.input_ids.size());
  EXPECT_EQ(first.next_sentence_labels.size(), static_cast<std::size_t>(first.sequences()));
}

TEST_F(LanguageModellingRows, BlocksHaveNoNextSentence) {
  const Batch batch = all(examples({.objective = Objective::mlm, .max_length = 48}));
  EXPECT_TRUE(batch.next_sentence_labels.empty());
  EXPECT_THAT(batch.token_type_ids, ::testing::Each(0));
}

// A run is only resumed on rows that are the same.
TEST_F(LanguageModellingRows, FingerprintTellsEverySettingApart) {
  const std::string usual = examples({}).fingerprint();
  EXPECT_EQ(examples({}).fingerprint(), usual);
  for (const PretrainingOptions& other :
       {PretrainingOptions{.objective = Objective::mlm}, PretrainingOptions{.max_length = 127},
        PretrainingOptions{.short_seq_prob = 0.2}, PretrainingOptions{.masking = {.mlm_probability = 0.2}},
        PretrainingOptions{.masking = {.max_predictions = 20}},
        PretrainingOptions{.masking = {.whole_word_masking = true}}, PretrainingOptions{.seed = 43}}) {
    EXPECT_NE(examples(other).fingerprint(), usual);
  }
  EXPECT_NE(LanguageModellingExamples(numbered_documents(random_shape(6, 40, 12, 20), 100000), tokenizer, {})
                .fingerprint(),
            usual);
}

}  // namespace
}  // namespace bertune::tasks
