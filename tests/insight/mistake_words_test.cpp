// The words behind the worst mistakes, and how they come into a report.
#include <gmock/gmock.h>

#include <fstream>

#include "bertune/error.h"
#include "core/file.h"
#include "insight/explain/explained_mistakes.h"
#include "insight/explain/find_words.h"
#include "insight/results/mistake_words.h"
#include "insight/table_maker.h"
#include "predict/asked_models.h"
#include "support/temporary_directory.h"
#include "train/model_folder.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class MistakeWords : public ::testing::Test {
 protected:
  MistakeWords() {
    testing::write_model(files.path() / "model",
                         {"classes", Architecture::sequence_classification, {"bad", "fine", "good"}});
    std::filesystem::create_directory(files.path() / "run");
    insight::write_predictions(files.path() / "run",
                               testing::table_of(testing::form_of_classes({"bad", "fine", "good"}),
                                                 {{.logits = {1, 0, 0}, .truth = {1}}}));
  }
  insight::ModelExplainer explainer() {
    return {std::make_shared<const predict::SharedModel>(train::ModelFolder::open(files.path() / "model", {}),
                                                         Precision::fp32),
            {.method = ExplainMethod::leave_one_out},
            files.path() / "model"};
  }
  static OrderedJson facts_of(const std::vector<std::string>& texts) {
    OrderedJson facts = {{"outcome", "classes"}, {"mistakes", OrderedJson::array()}};
    for (const std::string& text : texts) {
      facts["mistakes"].push_back({{"where", "test.csv:" + std::to_string(facts["mistakes"].size() + 2)},
                                   {"text", text},
                                   {"right", "good"},
                                   {"said", "bad"}});
    }
    return facts;
  }

  testing::TemporaryDirectory files;
};

TEST_F(MistakeWords, AreThoseOfWhatWasSaid) {
  insight::ModelExplainer one = explainer();
  const OrderedJson facts = facts_of({"the film was not good", "good food"});
  const OrderedJson file = insight::explained_mistakes(facts, one);
  EXPECT_EQ(file, insight::explained_mistakes(facts, one));
  ASSERT_THAT(file.at("mistakes"), SizeIs(2));
  const OrderedJson& decided = file.at("mistakes").at(insight::key_of_mistake(facts["mistakes"][0])).at(0);
  EXPECT_EQ(decided.at("target"), "bad");
  Explainer public_one(files.path() / "model", {.target = "bad"});
  const ExplainedTarget target = public_one.explain({.text = "the film was not good"}).targets.at(0);
  std::size_t strong = 0;
  for (const double contribution : target.contributions) strong += std::abs(contribution) >= 0.05 ? 1U : 0U;
  EXPECT_THAT(decided.at("words"), SizeIs(strong));
  EXPECT_FALSE(file.contains("why_not"));
}

TEST_F(MistakeWords, TheTimeForThemIsBounded) {
  insight::ModelExplainer one = explainer();
  const OrderedJson facts = facts_of({"good", "the film was not very good", "food"});
  EXPECT_THAT(insight::explained_mistakes(facts, one, {.texts = 2}).at("mistakes"), SizeIs(2));
  EXPECT_THAT(insight::explained_mistakes(facts, one, {.words = 3}).at("mistakes"), SizeIs(2));
  const OrderedJson none =
      insight::explained_mistakes(facts, one, {.time = std::chrono::duration<double>(-1)});
  EXPECT_THAT(none.at("mistakes"), SizeIs(0));
  EXPECT_THAT(none.at("why_not").get<std::string>(), HasSubstr("left out after"));
  std::stop_source stop;
  stop.request_stop();
  const OrderedJson stopped = insight::explained_mistakes(facts, one, {}, stop.get_token());
  EXPECT_THAT(stopped.at("mistakes"), SizeIs(0));
  EXPECT_EQ(stopped.at("why_not"), "the others were left out as the run was stopped");
  // What is kept of a long text is not all that the model read.
  const OrderedJson cut = facts_of({std::string(insight::kTextBytes, 'x')});
  EXPECT_THAT(insight::explained_mistakes(cut, one).at("mistakes"), SizeIs(0));
}

TEST_F(MistakeWords, OtherPredictionsHaveNone) {
  OrderedJson facts = facts_of({"good food"});
  const auto path = files.path() / "run";
  std::vector<std::string> notes;
  const auto note = [&](const std::string& text) { notes.push_back(text); };
  insight::finder_of_words(path, insight::ExplainedModel{.folder = files.path() / "model"}, note)(facts);
  insight::add_decisive_words(path, facts);
  EXPECT_EQ(facts.at("explanations").at("explained"), 1);
  EXPECT_TRUE(facts["mistakes"][0].contains("decided"));
  EXPECT_TRUE(notes.empty());
  insight::write_predictions(path, testing::table_of(testing::form_of_classes({"bad", "fine", "good"}),
                                                     {{.logits = {2, 0, 0}, .truth = {1}}}));
  OrderedJson others = facts_of({"good food"});
  insight::add_decisive_words(path, others);
  EXPECT_EQ(others.at("explanations").at("explained"), 0);
  EXPECT_THAT(others.at("explanations").at("why_not").get<std::string>(),
              HasSubstr("at the end of a training"));
  EXPECT_FALSE(others["mistakes"][0].contains("decided"));
}

TEST_F(MistakeWords, SaysWhyThereAreNone) {
  const auto path = files.path() / "run";
  std::vector<std::string> notes;
  const auto why_not = [&](const std::optional<insight::ExplainedModel>& model, const char* outcome) {
    OrderedJson facts = facts_of({"good food"});
    facts["outcome"] = outcome;
    insight::finder_of_words(path, model, [&](const std::string& text) { notes.push_back(text); })(facts);
    insight::add_decisive_words(path, facts);
    return facts.at("explanations").at("why_not").get<std::string>();
  };
  EXPECT_EQ(why_not({}, "classes"), "they were left out, as asked");
  EXPECT_THAT(why_not(insight::ExplainedModel{.folder = files.path() / "model"}, "choices"),
              HasSubstr("this task"));
  EXPECT_THAT(why_not(insight::ExplainedModel{.folder = files.path() / "model"}, "tags"),
              HasSubstr("bertune explain"));
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(why_not(insight::ExplainedModel{.folder = files.path() / "none"}, "classes"),
            "they could not be found");
  EXPECT_THAT(notes, SizeIs(1));
  std::ofstream(path / insight::kExplanationsFile)
      << R"({"predictions": ")" << insight::hash_of_predictions(path)
      << R"(", "mistakes": 3, "most_words": 1})";
  OrderedJson facts = facts_of({"good food"});
  EXPECT_NO_THROW(insight::add_decisive_words(path, facts));
  std::ofstream(path / insight::kExplanationsFile) << R"({"predictions": 1)";
  EXPECT_THROW(insight::add_decisive_words(path, facts), Error);
}

}  // namespace
}  // namespace bertune
