#include "tasks/token_classification/metrics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "bertune/error.h"
#include "core/file.h"
#include "core/json.h"
#include "tasks/token_fixtures.h"

namespace bertune::tasks::testing::token_metrics_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Ids = std::vector<std::int32_t>;
using Sentences = std::vector<std::vector<std::string>>;

data::TagScheme scheme_named(const std::string& name) {
  for (const auto scheme :
       {data::TagScheme::iob1, data::TagScheme::iob2, data::TagScheme::bioes, data::TagScheme::bilou}) {
    if (name == data::to_string(scheme)) return scheme;
  }
  return data::TagScheme::none;
}

Ids ids_of(const data::LabelMap& labels, const std::vector<std::string>& tags) {
  Ids ids;
  for (const std::string& tag : tags) ids.push_back(*labels.id_of(tag));
  return ids;
}

void expect_equal(const Metrics& metrics, const Json& expected) {
  for (const auto& [name, value] : expected.at("values").items()) {
    EXPECT_NEAR(metrics.value(name), value.get<double>(), 1e-12) << name;
  }
  if (!expected.contains("types")) return;
  ASSERT_EQ(metrics.classes.size(), expected.at("types").size());
  for (const ClassMetrics& type : metrics.classes) {
    const Json& numbers = expected.at("types").at(type.label);
    EXPECT_NEAR(type.precision, numbers[0].get<double>(), 1e-12) << type.label;
    EXPECT_NEAR(type.recall, numbers[1].get<double>(), 1e-12) << type.label;
    EXPECT_NEAR(type.f1, numbers[2].get<double>(), 1e-12) << type.label;
    EXPECT_EQ(type.support, numbers[3].get<std::int64_t>()) << type.label;
  }
}

Json entities_of(const Sentences& sentences, data::TagScheme scheme, data::EntityReading reading) {
  Json found = Json::array();
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const std::vector<std::string_view> tags(sentences[i].begin(), sentences[i].end());
    for (const data::Entity& one : data::entities(tags, scheme, reading)) {
      found.push_back({i, one.type, one.first_word, one.end_word});
    }
  }
  return found;
}

TEST(TokenMetrics, EqualSeqevalAndScikitLearn) {
  const fs::path path = fs::path(BERTUNE_SOURCE_DIR) / "tests/parity/fixtures/token_metrics.json";
  const Json tests = parse_json(read_file(path), path.string());
  ASSERT_GE(tests.size(), 15U);
  for (const auto& [name, test] : tests.items()) {
    const auto truth = test.at("truth").get<Sentences>(), predicted = test.at("predicted").get<Sentences>();
    std::set<std::string> tags;
    for (const Sentences* side : {&truth, &predicted}) {
      for (const auto& sentence : *side) tags.insert(sentence.begin(), sentence.end());
    }
    const data::LabelMap labels({tags.begin(), tags.end()});
    const data::TagScheme scheme = scheme_named(test.at("scheme").get<std::string>());
    for (const auto reading : {data::EntityReading::lenient, data::EntityReading::strict}) {
      const std::string mode = reading == data::EntityReading::strict ? "strict" : "lenient";
      SCOPED_TRACE(name + " " + mode);
      if (!test.contains(mode)) continue;
      TokenMetricsAccumulator metrics(labels, scheme, reading);
      for (std::size_t i = 0; i < truth.size(); ++i) {
        metrics.add(ids_of(labels, truth[i]), ids_of(labels, predicted[i]));
      }
      expect_equal(metrics.result(0), test.at(mode));
      if (scheme == data::TagScheme::none) continue;
      EXPECT_EQ(entities_of(truth, scheme, reading), test.at(mode).at("entities"));
    }
  }
}

TEST(TokenMetrics, NamesComeInTheOrderToPrint) {
  const auto keys = [](const TokenMetricsAccumulator& metrics) {
    std::string result;
    for (const auto& [name, value] : metrics.result(0.5).values) result += name + " ";
    return result;
  };
  EXPECT_EQ(keys({small_task().labels, data::TagScheme::iob2}),
            "loss precision recall f1 accuracy precision_macro recall_macro f1_macro precision_weighted "
            "recall_weighted f1_weighted ");
  EXPECT_EQ(keys({data::LabelMap({"A", "B", "C"}), data::TagScheme::none}),
            "loss accuracy f1_macro f1_weighted precision_macro recall_macro matthews_correlation ");
  EXPECT_EQ(default_token_metric(data::TagScheme::bilou), "f1");
  EXPECT_EQ(default_token_metric(data::TagScheme::none), "accuracy");
}

TEST(TokenMetrics, OfNothingAreZeros) {
  const Metrics metrics = TokenMetricsAccumulator(small_task().labels, data::TagScheme::iob2).result(0);
  EXPECT_EQ(metrics.rows, 0);
  EXPECT_EQ(metrics.value("f1"), 0);
  EXPECT_THAT(metrics.classes, IsEmpty());
}

TEST(TokenMetrics, RefuseWhatDoesNotFit) {
  TokenMetricsAccumulator metrics(small_task().labels, data::TagScheme::iob2);
  EXPECT_THROW(metrics.add(Ids{0, 1}, Ids{0}), Error);
  EXPECT_THROW(metrics.add(Ids{4}, Ids{0}), Error);
  EXPECT_THROW(metrics.add(Ids{0}, Ids{-100}), Error);
}

class WordPredictionsTest : public ::testing::Test {
 protected:
  TokenClassificationFeatures make(const std::vector<data::TaggedSentence>& sentences, const Ids& labels) {
    return make_features(sentences, labels, small_tokenizer(), task_, LongSentences::windows);
  }
  // Logits of a row in which each token says the given label.
  static std::vector<float> saying(const Ids& labels) {
    std::vector<float> logits(labels.size() * 4, 0.0F);
    for (std::size_t i = 0; i < labels.size(); ++i)
      logits[i * 4 + static_cast<std::size_t>(labels[i])] = 2.0F;
    return logits;
  }
  TokenClassification task_ = small_task(6);
};

TEST_F(WordPredictionsTest, TakeTheFirstPieceOfEachWord) {
  const auto features = make({sentence_of({"a"}), sentence_of({"\x01", "playing", "b"})}, {3, 0, 0, 1});
  WordPredictions predictions(features, task_);
  predictions.add(1, saying({3, 0, 2, 1, 3}));  // the second piece says B-Y, which does not count
  predictions.add(0, saying({0, 2, 0}));
  std::vector<std::int32_t> labels;
  for (const WordPrediction& word : predictions.all()) labels.push_back(word.label);
  EXPECT_EQ(labels, (Ids{2, 3, 0, 1}));  // the word without a piece is O
  EXPECT_EQ(predictions.of_sentence(1)[0].score, 0);
  const double likely = std::exp(2.0) / (std::exp(2.0) + 3);
  EXPECT_NEAR(predictions.of_sentence(1)[1].score, likely, 1e-7);
  EXPECT_EQ(predictions.spoken(), 3);
  EXPECT_NEAR(predictions.mean_loss(), (-2 * std::log(likely) - std::log(likely / std::exp(2.0))) / 3, 1e-6);
  const Metrics metrics = token_metrics(features, predictions, task_);
  EXPECT_EQ(metrics.rows, 4);
  EXPECT_DOUBLE_EQ(metrics.value("accuracy"), 0.5);  // the lost B-X and the wrong O
  // Truth: X of words 0, X of words 1 .. 3; predicted: Y in the first sentence, X of words 1 .. 3.
  EXPECT_DOUBLE_EQ(metrics.value("precision"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.value("recall"), 0.5);
}

TEST_F(WordPredictionsTest, TakeAWordFromTheWindowThatShowsMost) {
  const auto features = make({sentence_of({"a", "b", "c", "d", "a", "b", "c"})}, {});
  ASSERT_EQ(features.rows(), 3);  // words 0-4, 2-6, 3-7
  WordPredictions predictions(features, task_);
  predictions.add(2, saying({2, 2, 2, 2, 2, 2}));
  predictions.add(1, saying({1, 1, 1, 1, 1, 1}));
  predictions.add(0, saying({0, 0, 0, 0, 0, 0}));
  std::vector<std::int32_t> labels;
  for (const WordPrediction& word : predictions.all()) labels.push_back(word.label);
  EXPECT_EQ(labels, (Ids{0, 0, 0, 1, 2, 2, 2}));
}

TEST_F(WordPredictionsTest, RefuseLogitsOfAnotherSize) {
  const auto features = make({sentence_of({"a"})}, {});
  WordPredictions predictions(features, task_);
  EXPECT_THROW(predictions.add(0, std::vector<float>(11)), Error);
  EXPECT_THROW(token_metrics(features, predictions, task_), Error);
}

}  // namespace
}  // namespace bertune::tasks::testing::token_metrics_test
