#include "insight/data/baselines.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "bertune/error.h"
#include "core/random.h"
#include "data/texts/reader.h"
#include "insight/data/linear_targets.h"
#include "insight/data/tfidf.h"
#include "support/temporary_directory.h"

namespace bertune::insight {
namespace {

using ::testing::ElementsAre;

class BaselinesTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    return files_.write(name, text);
  }
  double value(const Baselines& result, const std::string& name) {
    for (const Baseline& one : result.baselines)
      if (one.name == name) return one.score;
    return NAN;
  }
  bertune::testing::TemporaryDirectory files_;
};

TEST(Words, AreThoseOfPythonsRegularExpression) {
  EXPECT_THAT(words_of("it's a 3rd try, café_x — ok"), ElementsAre("it", "3rd", "try", "café_x", "ok"));
}

// By hand: two texts, "aa bb" and "aa cc": idf of "aa" is 1, of the others ln(3 / 2) + 1.
TEST(TfIdf, WeighsAsScikitLearn) {
  bertune::testing::TemporaryDirectory files;
  const data::Dataset rows =
      data::read_dataset(files.write("a.csv", "text\naa bb\naa cc cc\n"), {.labels_required = false});
  TfIdf vectors;
  const SparseRows features = vectors.fit(data::texts_of(rows), {0, 1});
  ASSERT_EQ(features.rows(), 2);
  const double rare = std::log(1.5) + 1, norm = std::sqrt(1 + 2 * rare * rare);
  std::vector<double> first(features.values.begin(), features.values.begin() + 3);
  std::ranges::sort(first);
  EXPECT_NEAR(first[0], 1 / norm, 1e-6);
  EXPECT_NEAR(first[2], rare / norm, 1e-6);
  // "cc" twice: 1 + ln 2; the pairs "aa cc" and "cc cc".
  const double twice = (1 + std::log(2)) * rare, second_norm = std::sqrt(1 + twice * twice + 2 * rare * rare);
  EXPECT_NEAR(*std::max_element(features.values.begin() + 3, features.values.end()), twice / second_norm,
              1e-6);
  const SparseRows none = vectors.transform(data::texts_of(rows), {});
  EXPECT_EQ(none.rows(), 0);
}

SparseRows dense(const std::vector<std::vector<float>>& rows) {
  SparseRows sparse;
  for (const std::vector<float>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      if (row[i] != 0)
        sparse.columns.push_back(static_cast<std::int32_t>(i)), sparse.values.push_back(row[i]);
    sparse.begins.push_back(sparse.columns.size());
    sparse.width = std::max(sparse.width, static_cast<std::int32_t>(row.size()));
  }
  return sparse;
}

std::vector<std::int64_t> all_of(const std::vector<std::vector<float>>& rows) {
  std::vector<std::int64_t> all(rows.size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

std::vector<double> softmax(std::span<const float> logits) {
  std::vector<double> p;
  for (const float logit : logits) p.push_back(std::exp(double{logit}));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& one : p) one /= sum;
  return p;
}

TEST(LinearTargets, OfClasses) {
  std::vector<std::vector<float>> rows;
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 30; ++i) {
    rows.push_back({i % 3 == 0 ? 1.0F : 0, i % 3 == 1 ? 1.0F : 0, i % 3 == 2 ? 1.0F : 0});
    ids.push_back((i + 1) % 3);  // the first row is not of the first class
  }
  const SparseRows features = dense(rows);
  const std::vector<float> logits =
      logits_of({.width = 4, .ids = ids}, features.view(), features.view(), all_of(rows));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::vector<double> p = softmax(std::span(logits).subspan(4 * i, 4));
    EXPECT_GT(p[static_cast<std::size_t>(ids[i])], 0.8);
    EXPECT_LT(p[3], 1e-6) << "a class without rows";
  }
}

// Dense rows and sparse ones are solved in other coordinates.
TEST(LinearTargets, DoNotDependOnTheFormOfRows) {
  Random random(1, 2);
  std::vector<std::vector<float>> rows(40, std::vector<float>(6));
  std::vector<float> values;
  std::vector<std::int32_t> ids;
  std::vector<float> labels, numbers;
  for (std::vector<float>& row : rows) {
    for (float& value : row) value = random.below(3) == 0 ? static_cast<float>(random.below(9)) / 4 - 1 : 0;
    values.insert(values.end(), row.begin(), row.end());
    ids.push_back(static_cast<std::int32_t>(random.below(3)));
    numbers.push_back(1e6F * row[0] + static_cast<float>(random.below(100'000)));
    for (const std::uint64_t odds : {2U, 5U}) labels.push_back(random.below(odds) == 0 ? 1 : 0);
  }
  const SparseRows sparse = dense(rows);
  const train::LabelledFeatures plain{.values = values, .width = 6};
  for (const Targets& targets :
       {Targets{.outcome = tasks::Outcome::classes, .width = 3, .ids = ids},
        Targets{.outcome = tasks::Outcome::labels, .width = 2, .values = labels},
        Targets{.outcome = tasks::Outcome::numbers, .width = 1, .values = numbers}}) {
    const std::vector<float> one = logits_of(targets, sparse.view(), sparse.view(), all_of(rows)),
                             other = logits_of(targets, plain, plain, all_of(rows));
    ASSERT_EQ(one.size(), other.size());
    const float scale = targets.outcome == tasks::Outcome::numbers ? 1e6F : 1;
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i] / scale, other[i] / scale, 0.01F);
  }
}

TEST_F(BaselinesTest, OfClasses) {
  std::string train = "text,label\n", test = train;
  for (int i = 0; i < 40; ++i)
    train += fmt::format("the {} film {},{}\n", i % 4 == 0 ? "good" : "bad", i, i % 4 == 0 ? "pos" : "neg");
  for (int i = 0; i < 20; ++i)
    test += fmt::format("a {} play,{}\n", i % 2 == 0 ? "good" : "bad", i % 2 == 0 ? "pos" : "neg");
  const Baselines result =
      bertune::measure_baselines({.train = write("train.csv", train), .test = write("test.csv", test)});
  EXPECT_EQ(result.task, "text-classification");
  EXPECT_EQ(result.set, "test");
  EXPECT_EQ(result.metric, "accuracy");
  EXPECT_EQ(result.train_rows, 40);
  EXPECT_EQ(result.rows, 20);
  EXPECT_DOUBLE_EQ(value(result, "majority"), 0.5);
  EXPECT_DOUBLE_EQ(value(result, "tfidf_linear"), 1);
  EXPECT_DOUBLE_EQ(std::accumulate(result.baselines[1].rows.begin(), result.baselines[1].rows.end(), 0.0),
                   20);
  const Json json = to_json(result);
  EXPECT_EQ(json.at("baselines")[1].at("id"), "tfidf_linear");
  EXPECT_EQ(json.at("baselines")[1].at("name"), "TF-IDF with a linear model");
  EXPECT_EQ(json.at("baselines")[0].at("values").at("accuracy"), 0.5);
}

TEST_F(BaselinesTest, HoldOutWhatIsNotGiven) {
  std::string train = "text,label\n";
  for (int i = 0; i < 100; ++i)
    train += fmt::format("{} {},{}\n", i % 2 == 0 ? "good" : "bad", i, i % 2 == 0 ? "pos" : "neg");
  const Baselines result = bertune::measure_baselines({.train = write("train.csv", train)});
  EXPECT_EQ(result.set, "validation");
  EXPECT_EQ(result.rows, 10);
  EXPECT_EQ(result.train_rows, 90);
}

TEST_F(BaselinesTest, OfSeveralLabelsAndOfNumbers) {
  std::string labels = "text,label\n", numbers = "text,score\n";
  for (int i = 0; i < 60; ++i) {
    labels += fmt::format("{}{} {},{}\n", i % 2 == 0 ? "joy " : "", i % 3 == 0 ? "love" : "", i,
                          i % 6 == 0   ? "a|b"
                          : i % 2 == 0 ? "a"
                          : i % 3 == 0 ? "b"
                                       : "");
    numbers += fmt::format("{},{}\n", i % 2 == 0 ? "low" : "high", i % 2 == 0 ? 0.25 : 0.75 + i / 1000.0);
  }
  const std::filesystem::path several = write("labels.csv", labels), scores = write("numbers.csv", numbers);
  BaselineOptions options{.train = several, .test = several};
  options.problem_type = "multi_label_classification";
  options.data.max_bad_rows = 60;
  const Baselines of_labels = bertune::measure_baselines(options);
  EXPECT_EQ(of_labels.metric, "f1_micro");
  EXPECT_GT(value(of_labels, "tfidf_linear"), 0.95);
  const Baselines of_numbers =
      bertune::measure_baselines({.train = scores, .test = scores, .problem_type = "regression"});
  EXPECT_EQ(of_numbers.metric, "mse");
  EXPECT_LT(value(of_numbers, "tfidf_ridge"), 0.2 * value(of_numbers, "mean"));
}

TEST_F(BaselinesTest, OfTagsAnswersAndChoices) {
  const Baselines tags = bertune::measure_baselines(
      {.train = write("train.conll", "Ann B-PER\nsaw O\nBonn B-LOC\n\nAnn B-PER\nran O\naway O\n"),
       .test = write("test.conll", "Ann B-PER\nsaw O\nRome B-LOC\n")});
  EXPECT_EQ(tags.metric, "f1");
  EXPECT_NEAR(value(tags, "most_frequent_tag"), 2.0 / 3, 1e-9);  // one of one, and one of two
  EXPECT_EQ(value(tags, "majority"), 0);

  const Baselines answers = bertune::measure_baselines({.train = write("qa.json", R"([{"id": "1",
      "question": "where does the red cat sleep", "context": "A dog barks. The red cat sleeps here. It rains.",
      "answers": {"text": ["The red cat sleeps here."], "answer_start": [13]}}])")});
  EXPECT_EQ(answers.set, "train");
  EXPECT_NEAR(value(answers, "word_overlap"), 100, 1e-9);
}

TEST(PairedDifference, CoversTheMean) {
  std::vector<double> model, baseline;
  for (int i = 0; i < 400; ++i) model.push_back(i % 10 != 0 ? 1 : 0), baseline.push_back(i % 5 != 0 ? 1 : 0);
  const PairedDifference found = paired_difference(model, baseline);
  EXPECT_NEAR(found.difference, 0.1, 1e-12);
  // The standard error of a mean of values that are 1 in a tenth of the rows is .015.
  EXPECT_NEAR(found.low, 0.1 - 1.96 * 0.015, 0.006);
  EXPECT_NEAR(found.high, 0.1 + 1.96 * 0.015, 0.006);
  EXPECT_THROW(paired_difference({1}, {}), UsageError);
}

TEST(Beside, ComparesWithTheBest) {
  Baselines baselines;
  baselines.metric = "accuracy";
  baselines.baselines = {{"majority", 0.5, {}, {1, 0}, 0}, {"tfidf_linear", 1, {}, {1, 1}, 0}};
  const auto model = beside(baselines, 0.5, {1, 0});
  ASSERT_TRUE(model);
  EXPECT_EQ(model->best, 1U);
  EXPECT_EQ(model->score, 0.5);
  EXPECT_EQ(model->difference->difference, -0.5);
  EXPECT_FALSE(beside(baselines, 0.5, {})->difference);
  EXPECT_FALSE(beside(Baselines(), 0.5, {}));
}

}  // namespace
}  // namespace bertune::insight
