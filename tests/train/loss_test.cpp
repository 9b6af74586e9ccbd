// Class weights as a person gives them, and how a model keeps its loss.
#include "train/loss.h"
#include "support/message_of.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"
#include "train/evaluation.h"
#include "train/made_task.h"

namespace bertune::train {
namespace {

using bertune::testing::message_of;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using testing::Kind;
using testing::MadeExamples;

// Rows that have given labels.
class Labelled : public tasks::Examples {
 public:
  std::vector<std::vector<std::int32_t>> labels;
  std::vector<std::vector<float>> targets;

  std::int64_t rows() const override {
    return static_cast<std::int64_t>(std::max(labels.size(), targets.size()));
  }
  std::int64_t tokens_of_first(std::int64_t) const override { return 0; }
  std::string fingerprint() const override { return ""; }
  void add_to(Batch& batch, std::int64_t row) const override {
    const auto at = static_cast<std::size_t>(row);
    batch.add(std::vector<std::int32_t>{1, 2}, {});
    if (!labels.empty()) batch.labels.insert(batch.labels.end(), labels[at].begin(), labels[at].end());
    if (!targets.empty()) batch.targets.insert(batch.targets.end(), targets[at].begin(), targets[at].end());
  }
};

BertConfig three_labels() {
  BertConfig config;
  config.id2label = {"one", "two", "three"};
  return config;
}

std::vector<float> weights(const std::string& text, const tasks::Examples& rows = Labelled()) {
  TrainingArguments arguments;
  arguments.class_weights = text;
  return loss_options(arguments, three_labels(), rows).class_weights;
}

TEST(ClassWeights, ByNameOrInOrder) {
  EXPECT_THAT(weights(""), ElementsAre());
  EXPECT_THAT(weights("0.5, 2 ,1e1"), ElementsAre(0.5F, 2.0F, 10.0F));
  EXPECT_THAT(weights("three=4,one=0.5"), ElementsAre(0.5F, 1.0F, 4.0F));
  EXPECT_THAT(weights(R"({"two": 2.5})"), ElementsAre(1.0F, 2.5F, 1.0F));
}

TEST(ClassWeights, BadOnesAreNamed) {
  const auto refusal = [](const std::string& text) { return message_of([&] { weights(text); }); };
  EXPECT_THAT(refusal("four=1"), HasSubstr("there is no label \"four\"; the labels are one, two, three"));
  EXPECT_THAT(refusal("one=0"), HasSubstr("the weight of \"one\" is \"0\"; it must be a number above 0"));
  EXPECT_THAT(refusal("one=-1"), HasSubstr("above 0"));
  EXPECT_THAT(refusal("one=x"), HasSubstr("\"x\""));
  EXPECT_THAT(refusal("one="), HasSubstr("\"\""));
  EXPECT_THAT(refusal("one=1e99"), HasSubstr("above 0"));
  EXPECT_THAT(refusal("one=nan"), HasSubstr("above 0"));
  EXPECT_THAT(refusal("one=1,one=2"), HasSubstr("\"one\" is given twice"));
  EXPECT_THAT(refusal("1,2"), HasSubstr("there are 2 weights for 3 labels; their order is one, two, three"));
  EXPECT_THAT(refusal("1,2,3,"), HasSubstr("4 weights"));
  EXPECT_THAT(refusal("1,,3"), HasSubstr("the weight of \"two\" is \"\""));
  EXPECT_THAT(refusal("blanced"), HasSubstr("1 weights for 3 labels"));
  EXPECT_THAT(refusal("{\"one\": "), HasSubstr("`class_weights`"));
}

// compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 0, 1, 2, 2, 0]) of scikit-learn.
TEST(ClassWeights, BalancedIsScikitLearns) {
  Labelled rows;
  rows.labels = {{0}, {0, -100, 0}, {}, {0, 1}, {2, 2, 0, -100}};
  EXPECT_THAT(weights("balanced", rows),
              ElementsAre(FloatEq(8.0F / 15), FloatEq(8.0F / 3), FloatEq(4.0F / 3)));
  rows.labels.pop_back();
  EXPECT_THAT(message_of([&] { weights("balanced", rows); }),
              HasSubstr("no training row has the label \"three\""));
}

TEST(ClassWeights, BalancedOfSeveralLabelsIsNegativesOverPositives) {
  Labelled rows;
  rows.targets = {{1, 0, 1}, {1, 0, 0}, {0, 0, 1}, {0, 1, 1}, {1, 0, 1}};
  EXPECT_THAT(weights("balanced", rows), ElementsAre(FloatEq(2.0F / 3), FloatEq(4.0F), FloatEq(1.0F / 4)));
  rows.targets[1][2] = 1;
  EXPECT_THAT(message_of([&] { weights("balanced", rows); }),
              HasSubstr("every training row has the label \"three\""));
}

// Asked for on the command line, refused by the head before anything is counted: there are more labels in
// masked texts than the model has names for.
TEST(LossOptions, HeadsRefuseWhatHasNoMeaning) {
  const LossOptions smoothing{.label_smoothing = 0.1F}, weighted{.class_weights = {1, 2, 3}},
      focal{.focal_gamma = 2};
  struct Expected {
    bool smoothing, classes;
  };
  const std::vector<Expected> expected = {{true, true},  {false, true},  {false, false},
                                          {true, true},  {false, false}, {true, false},
                                          {true, false}, {true, false},  {false, false}};
  const std::vector<Kind> kinds = testing::every_kind();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    SCOPED_TRACE(kinds[i].name);
    BertPreTrainedModel model = testing::make_model(kinds[i]);
    const auto takes = [&](const LossOptions& options) {
      return message_of([&] { model.set_loss(options); });
    };
    const std::string no = "has no meaning for";
    EXPECT_THAT(takes(smoothing), HasSubstr(expected[i].smoothing ? "no error" : no));
    EXPECT_THAT(takes(weighted), HasSubstr(expected[i].classes ? "no error" : no));
    EXPECT_THAT(takes(focal), HasSubstr(expected[i].classes ? "no error" : no));
    EXPECT_EQ(takes({}), "no error");
  }
}

TEST(LossOptions, OutOfRange) {
  BertPreTrainedModel model = testing::make_model(testing::every_kind().front());
  const auto refusal = [&](const LossOptions& options) {
    return message_of([&] { model.set_loss(options); });
  };
  EXPECT_THAT(refusal({.label_smoothing = 1}), HasSubstr("[0, 1)"));
  EXPECT_THAT(refusal({.label_smoothing = -0.1F}), HasSubstr("[0, 1)"));
  EXPECT_THAT(refusal({.label_smoothing = std::nanf("")}), HasSubstr("[0, 1)"));
  EXPECT_THAT(refusal({.focal_gamma = -1}), HasSubstr("gamma"));
  EXPECT_THAT(refusal({.label_smoothing = 0.1F, .focal_gamma = 1}), HasSubstr("cannot be combined"));
  EXPECT_THAT(refusal({.class_weights = {1, 2}}), HasSubstr("2 class weights for 3 labels"));
  EXPECT_THAT(refusal({.class_weights = {1, 0, 2}}), HasSubstr("label 1 is 0"));
  EXPECT_TRUE(model.loss_options().is_plain());  // what was refused is not kept
}

TEST(LossOptions, AreKeptWithTheModel) {
  BertPreTrainedModel model = testing::make_model(testing::every_kind().front());
  model.set_loss({.class_weights = {0.5F, 2, 1}, .focal_gamma = 1.5F});
  const Json settings = {{"loss", kept_loss(model)}};
  EXPECT_EQ(settings.at("loss").at("class_weights"), (Json{{"one", 0.5}, {"two", 2.0}, {"three", 1.0}}));
  BertPreTrainedModel other = testing::make_model(testing::every_kind().front());
  restore_loss(other, settings, "folder");
  EXPECT_THAT(other.loss_options().class_weights, ElementsAre(0.5F, 2.0F, 1.0F));
  EXPECT_EQ(other.loss_options().focal_gamma, 1.5F);
  // Anyone may have written it.
  other.set_loss({});
  for (const Json& odd :
       {Json(), Json("x"), Json{{"focal_gamma", "2"}, {"class_weights", Json::array({1})}}}) {
    restore_loss(other, {{"loss", odd}}, "folder");
    EXPECT_TRUE(other.loss_options().is_plain()) << odd;
  }
  EXPECT_THAT(message_of([&] {
                restore_loss(other, {{"loss", {{"label_smoothing", 7}}}}, "folder");
              }),
              HasSubstr("bertune.json: \"loss\": label smoothing is 7"));
}

// The loss of an evaluation is the model's over all its rows, however they are batched.
TEST(LossOptions, DecideTheLossOfAnEvaluation) {
  for (const std::size_t kind : {0U, 1U, 3U}) {
    BertPreTrainedModel model = testing::make_model(testing::every_kind()[kind]);
    const MadeExamples examples(testing::every_kind()[kind], 20);
    const testing::MadeTask task(testing::every_kind()[kind]);
    EXPECT_EQ(evaluate(model, task, examples, 6).value("loss"), -1);  // the task's own
    model.set_loss({.class_weights = {3, 0.1F, 1}});
    const double whole = evaluate(model, task, examples, 20).value("loss");
    EXPECT_GT(whole, 0);
    EXPECT_NEAR(evaluate(model, task, examples, 6).value("loss"), whole, 1e-6);
  }
}

}  // namespace
}  // namespace bertune::train
