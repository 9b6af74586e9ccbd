#include "bertune/explain.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "bertune/error.h"
#include "bertune/lora.h"
#include "bertune/predictor.h"
#include "core/json.h"
#include "insight/explain/integrated_gradients.h"
#include "predict/asked_models.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

constexpr auto kIntegrated = ExplainMethod::integrated_gradients;

double sum_of(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

class Explained : public ::testing::Test {
 protected:
  std::filesystem::path model(const std::string& name) {
    for (const testing::AskedHead& head : testing::asked_heads())
      if (head.name == name) return testing::write_model(files.path() / name, head);
    throw Error("there is no head " + name);
  }
  static void expect_complete(const ExplainedTarget& target) {
    EXPECT_LE(target.completeness_error, 0.01);
    EXPECT_THAT(
        sum_of(target.contributions),
        DoubleNear(target.function_value - target.baseline_value,
                   0.01 * std::max(0.01, std::abs(target.function_value - target.baseline_value)) + 1e-9));
  }

  testing::TemporaryDirectory files;
};

TEST_F(Explained, AWordIsWorthWhatTheScoreLosesWithoutIt) {
  const Predictor predictor(model("classes"));
  Explainer explainer(files.path() / "classes");
  const Explanation why = explainer.explain({.text = "the film was not good"});
  EXPECT_EQ(why.method, ExplainMethod::leave_one_out);
  ASSERT_THAT(why.words, SizeIs(5));
  ASSERT_THAT(why.targets, SizeIs(1));
  const auto whole = std::get<Label>(predictor.predict({.text = "the film was not good"}));
  EXPECT_EQ(why.targets[0].name, whole.label);
  EXPECT_NEAR(why.targets[0].value, whole.score, 1e-6);
  const std::size_t index = static_cast<std::size_t>(std::ranges::find(predictor.labels(), whole.label) -
                                                     predictor.labels().begin());
  const char* without[] = {"film was not good", "the was not good", "the film not good", "the film was good",
                           "the film was not"};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto rest = std::get<Label>(predictor.predict({.text = without[i]}));
    EXPECT_NEAR(why.targets[0].contributions[i], whole.score - rest.scores[index], 1e-6) << without[i];
  }
  EXPECT_EQ(why.words[3].text, "not");
  EXPECT_EQ(why.words[3].place->bytes, (Span{13, 16}));
}

TEST_F(Explained, PiecesOfAWordAreOneWord) {
  Explainer explainer(model("classes"));
  const Explanation why = explainer.explain({.text = "Films, dinners!"});
  std::vector<std::string> words;
  for (const ExplainedWord& word : why.words) words.push_back(word.text);
  EXPECT_THAT(words, ElementsAre("Films", ",", "dinners", "!"));
}

TEST_F(Explained, GradientsAddUpToWhatTheValueGains) {
  for (const char* head : {"classes", "several_labels", "number"}) {
    Explainer explainer(model(head), {.method = kIntegrated});
    const Explanation why = explainer.explain({.text = "the film was not good, and the food was poor"});
    ASSERT_FALSE(why.targets.empty()) << head;
    for (const ExplainedTarget& target : why.targets) {
      expect_complete(target);
      EXPECT_GE(target.steps, 16);
      EXPECT_GT(std::abs(target.contributions[1]), 0) << head;
    }
  }
}

// Each path's function is that of the model itself, at its end.
TEST_F(Explained, TheFunctionIsTheLogarithmOfTheScore) {
  Explainer classes(model("classes"), {.method = kIntegrated, .target = "bad"});
  const ExplainedTarget bad = classes.explain({.text = "the film was good"}).targets.at(0);
  EXPECT_NEAR(std::exp(bad.function_value), bad.value, 1e-5);
  Explainer number(model("number"), {.method = kIntegrated});
  const ExplainedTarget score = number.explain({.text = "the film was good"}).targets.at(0);
  EXPECT_NEAR(score.function_value, score.value, 1e-5);
}

TEST_F(Explained, BothTextsOfAPair) {
  for (const ExplainMethod method : {ExplainMethod::leave_one_out, kIntegrated}) {
    Explainer explainer(model("classes"), {.method = method});
    const Explanation why = explainer.explain({.text = "good food", .text_pair = "the film"});
    ASSERT_THAT(why.words, SizeIs(4));
    EXPECT_EQ(why.words[1].part, 0);
    EXPECT_EQ(why.words[2].part, 1);
    EXPECT_EQ(why.words[2].place->bytes, (Span{0, 3}));
    if (method == kIntegrated) expect_complete(why.targets.at(0));
  }
}

TEST_F(Explained, AnEmptyFirstTextLeavesTheWordsToTheSecond) {
  Explainer explainer(model("classes"));
  const Explanation why = explainer.explain({.text = "", .text_pair = "good food"});
  ASSERT_THAT(why.words, SizeIs(2));
  EXPECT_EQ(why.words[0].part, 1);
}

TEST_F(Explained, SeveralLabelsEachHaveTheirReasons) {
  Explainer one(model("several_labels"), {.target = "good"});
  EXPECT_THAT(one.explain({.text = "good food"}).targets, SizeIs(1));
  Explainer all(files.path() / "several_labels");
  const Explanation why = all.explain({.text = "good food"});
  const auto labels = std::get<Labels>(why.prediction);
  EXPECT_THAT(why.targets, SizeIs(std::max<std::size_t>(1, labels.labels.size())));
}

// A tag's own word is masked: without it there would be no tag.
TEST_F(Explained, EachTagOfAWord) {
  for (const ExplainMethod method : {ExplainMethod::leave_one_out, kIntegrated}) {
    Explainer explainer(model("tags"), {.method = method});
    const Explanation why = explainer.explain({.text = "", .words = {"the", "film", "was", "good"}});
    ASSERT_THAT(why.targets, SizeIs(4));
    const auto tags = std::get<Tags>(why.prediction);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(why.targets[i].name, tags.words[i].tag);
      EXPECT_NEAR(why.targets[i].value, tags.words[i].score, 1e-5);
      EXPECT_THAT(why.targets[i].contributions, SizeIs(4));
      if (method == kIntegrated) expect_complete(why.targets[i]);
    }
  }
}

TEST_F(Explained, ALeftOutWordMovesTheTagsBehindIt) {
  const Predictor predictor(model("tags"));
  Explainer explainer(files.path() / "tags");
  const Explanation why = explainer.explain({.text = "", .words = {"the", "film", "was"}});
  const auto rest = std::get<Tags>(predictor.predict({.text = "", .words = {"film", "was"}}));
  const ExplainedTarget& of_was = why.targets.at(2);
  if (rest.words[1].tag == of_was.name) {
    EXPECT_NEAR(of_was.contributions[0], of_was.value - rest.words[1].score, 1e-5);
  }
  EXPECT_NE(of_was.contributions[0], 0);
}

TEST_F(Explained, EntitiesOfATextAreNamed) {
  Explainer explainer(model("entities"));
  const Explanation why = explainer.explain({.text = "the film was good"});
  const auto entities = std::get<Entities>(why.prediction);
  ASSERT_THAT(why.targets, SizeIs(entities.entities.size()));
  for (std::size_t i = 0; i < why.targets.size(); ++i)
    EXPECT_EQ(why.targets[i].text, entities.entities[i].text);
}

TEST_F(Explained, AnswersAreReadInTheirWindow) {
  std::string context;
  for (int i = 0; i < 30; ++i) context += i % 3 == 0 ? "the film was good. " : "food was poor ";
  for (const ExplainMethod method : {ExplainMethod::leave_one_out, kIntegrated}) {
    Explainer explainer(model("answers"), {.method = method});
    const Explanation why =
        explainer.explain({.text = "", .question = "was the food good", .context = context});
    ASSERT_THAT(why.targets, SizeIs(1));
    EXPECT_EQ(why.targets[0].name, std::get<Answer>(why.prediction).text);
    EXPECT_LE(why.words.size(), 40U);
    EXPECT_EQ(why.words.front().part, 0);
    EXPECT_EQ(why.words.back().part, 1);
    EXPECT_GT(why.targets[0].value, 0);
    if (method == kIntegrated) expect_complete(why.targets[0]);
  }
}

TEST_F(Explained, ATextIsExplainedAsFarAsItIsRead) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "good ";
  Explainer explainer(model("classes"));
  const Explanation why = explainer.explain({.text = text});
  EXPECT_THAT(why.words, SizeIs(38));  // of 40 tokens
  EXPECT_EQ(why.truncated_tokens, 62);
}

TEST_F(Explained, LongTextsGoByGradients) {
  Explainer explainer(model("classes"), {.max_steps = 16});
  std::string text;
  for (int i = 0; i < 20; ++i) text += "good ";
  EXPECT_EQ(explainer.explain({.text = text}).method, ExplainMethod::leave_one_out);
  EXPECT_EQ(to_string(ExplainMethod::automatic), "auto");
}

TEST_F(Explained, NothingToRead) {
  for (const ExplainMethod method : {ExplainMethod::leave_one_out, kIntegrated}) {
    Explainer explainer(model("classes"), {.method = method});
    EXPECT_THAT(explainer.explain({.text = ""}).words, SizeIs(0));
    Explainer tags(model("tags"), {.method = method});
    EXPECT_THAT(tags.explain({.text = ""}).targets, SizeIs(0));
  }
}

TEST_F(Explained, WhatCannotBeExplainedSaysSo) {
  EXPECT_THAT([&] { Explainer(model("choices")); },
              ThrowsMessage<UsageError>(HasSubstr("has no explanation")));
  EXPECT_THAT([&] { Explainer(model("embeddings")); },
              ThrowsMessage<UsageError>(HasSubstr("has no explanation")));
  EXPECT_THAT([&] { Explainer(model("classes"), {.target = "awful"}); },
              ThrowsMessage<UsageError>(HasSubstr("has no label \"awful\"; its labels are bad, fine, good")));
  EXPECT_THAT([&] { Explainer(model("tags"), {.target = "PRONOUN"}); },
              ThrowsMessage<UsageError>(HasSubstr("has no label \"PRONOUN\"")));
  EXPECT_THAT([&] { Explainer(model("number"), {.target = "high"}); },
              ThrowsMessage<UsageError>(HasSubstr("this model has none")));
  EXPECT_THAT([&] { explain_method_from_string("shap"); }, ThrowsMessage<UsageError>(HasSubstr("\"shap\"")));
  Explainer answers(model("answers"));
  std::string question;
  for (int i = 0; i < 60; ++i) question += "good ";
  EXPECT_THROW(answers.explain({.text = "", .question = question, .context = "food"}), UsageError);
}

TEST_F(Explained, APredictorSharesItsModel) {
  const Predictor predictor(model("several_labels"), {.threshold = 0.0});
  Explainer explainer(predictor), alone(files.path() / "several_labels");
  const Explanation why = explainer.explain({.text = "good food"});
  ASSERT_THAT(why.targets, SizeIs(3));  // by the predictor's threshold
  const Explanation other = alone.with({.target = "bad"}).explain({.text = "good food"});
  ASSERT_THAT(other.targets, SizeIs(1));
  EXPECT_EQ(why.targets[0].name, "bad");
  EXPECT_EQ(why.targets[0].contributions, other.targets[0].contributions);
  EXPECT_THROW(alone.with({.target = "awful"}), UsageError);
  EXPECT_THROW(alone.with({.pass_tokens = 0}), UsageError);
}

TEST_F(Explained, APredictionThatIsThereIsExplained) {
  Explainer explainer(model("classes"));
  Label said{.label = "bad", .score = 0.5, .scores = {}};
  const Explanation why = explainer.explain({.text = "good food"}, said);
  EXPECT_EQ(why.targets.at(0).name, "bad");
  EXPECT_EQ(std::get<Label>(why.prediction).score, 0.5);
}

TEST_F(Explained, PassesCanBeSmallAndGivenUp) {
  struct Enough {};
  for (const ExplainMethod method : {ExplainMethod::leave_one_out, kIntegrated}) {
    Explainer large(model("classes"), {.method = method}),
        small = large.with({.method = method, .pass_tokens = 1});
    int passes = 0, few = 0;
    const Explanation why = small.explain({.text = "the film was not good"}, [&] { ++passes; });
    const Explanation same = large.explain({.text = "the film was not good"}, [&] { ++few; });
    EXPECT_GT(passes, 5);
    EXPECT_LT(few, passes);
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_NEAR(why.targets[0].contributions[i], same.targets[0].contributions[i], 1e-5);
    EXPECT_THROW(small.explain({.text = "good"}, [] { throw Enough(); }), Enough);
    EXPECT_NO_THROW(small.explain({.text = "good"}));
  }
}

// Gradients are of the weights with the adapter in them, as the predictions are.
TEST_F(Explained, AnAdapterIsPartOfTheModel) {
  BertPreTrainedModel adapted = BertPreTrainedModel::from_pretrained(
      model("classes"), Architecture::sequence_classification, {.lora = LoraConfig{}});
  for (const Parameter& parameter : adapted.parameters().layout()) {
    if (parameter.name.find("lora_B") == std::string::npos) continue;
    for (float& value : adapted.parameters().value(parameter.name)) value = 0.3F;
  }
  std::filesystem::create_directory(files.path() / "adapter");
  adapted.save_weights(files.path() / "adapter");
  Explainer gradients(files.path() / "adapter", {.method = kIntegrated});
  const ExplainedTarget target = gradients.explain({.text = "the film was not good"}).targets.at(0);
  expect_complete(target);
  EXPECT_NEAR(std::exp(target.function_value), target.value, 1e-5);
}

TEST_F(Explained, ItsWorkIsKnownBefore) {
  Explainer left_out(model("classes"), {.method = ExplainMethod::leave_one_out}),
      gradients(files.path() / "classes", {.method = kIntegrated}), tags(model("tags"));
  const ExplanationSize size = left_out.size_of({.text = "the film was good"});
  EXPECT_EQ(size.words, 4);
  EXPECT_EQ(size.input.tokens, 6);
  EXPECT_EQ(size.work, 6 + 6 * 5);
  EXPECT_EQ(gradients.size_of({.text = "the film was good"}).work, 6 + 6 * (1 + 48 * 3));
  EXPECT_EQ(tags.size_of({.text = "", .words = {"the", "film"}}).words, 2);
}

TEST_F(Explained, AsJson) {
  Explainer explainer(model("classes"), {.method = kIntegrated});
  const Json json = parse_json(to_json(explainer.explain({.text = "good \xC3\xA9 food"}), explainer.labels()),
                               "explanation");
  EXPECT_TRUE(json.contains("label"));
  const Json& why = json.at("explanation");
  EXPECT_EQ(why.at("method"), "integrated-gradients");
  EXPECT_EQ(why.at("words").back().at("start"), 7);  // in code points
  EXPECT_EQ(why.at("targets").at(0).at("contributions").size(), why.at("words").size());
  EXPECT_TRUE(why.at("targets").at(0).contains("completeness_error"));
}

// Exact for polynomials of degree 2n - 1.
TEST(GaussLegendre, IntegratesPolynomials) {
  for (const std::int64_t steps : {1, 2, 5, 16, 64, 512}) {
    const insight::Quadrature quadrature = insight::gauss_legendre(steps);
    EXPECT_NEAR(sum_of(quadrature.weights), 1, 1e-12);
    const double degree = static_cast<double>(std::min<std::int64_t>(2 * steps - 1, 31));
    double integral = 0;
    for (std::size_t i = 0; i < quadrature.nodes.size(); ++i)
      integral += quadrature.weights[i] * std::pow(quadrature.nodes[i], degree);
    EXPECT_NEAR(integral, 1 / (degree + 1), 1e-12) << steps;
    EXPECT_THAT(quadrature.nodes, Each(::testing::AllOf(::testing::Gt(0), ::testing::Lt(1))));
  }
}

}  // namespace
}  // namespace bertune
