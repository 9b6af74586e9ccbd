// What a run leaves for people: its predictions and its report; and the commands that read them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "bertune/insight.h"
#include "insight/results/prediction_table.h"
#include "support/program_test.h"
#include "support/safetensors_file.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;
using testing::tiny_dataset;
using Json = nlohmann::json;

class Insight : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", tiny_dataset(64));
    files.write("validation.csv", tiny_dataset(40, 1000));
    files.write("test.csv", tiny_dataset(40, 2000));
  }

  ProgramResult train(const std::string& output, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "--model",
                                          path("base"),
                                          "--train",
                                          path("train.csv"),
                                          "--validation",
                                          path("validation.csv"),
                                          "--test",
                                          path("test.csv"),
                                          "--output",
                                          path(output),
                                          "--epochs",
                                          "2",
                                          "--learning-rate",
                                          "3e-3",
                                          "--batch-size",
                                          "8",
                                          "--threads",
                                          "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result;
  }
};

TEST_F(Insight, ARunLeavesItsPredictionsAndAReport) {
  const ProgramResult trained = train("out");
  EXPECT_THAT(trained.out, HasSubstr("report.html"));
  const insight::PredictionTable table = insight::read_predictions(files.path() / "out");
  ASSERT_EQ(table.sets.size(), 2U);
  const insight::PredictedSet& test = *table.find("test");
  EXPECT_EQ(test.size(), 40);
  EXPECT_EQ(test.rows[0].where, path("test.csv") + ":2");
  EXPECT_THAT(test.rows[0].text, HasSubstr("the "));
  EXPECT_GT(test.rows[0].tokens, 5);
  // The facts of the report are the results of the run.
  const Json facts = json("out/report.json"), results = json("out/all_results.json");
  EXPECT_EQ(facts.at("headline").at("value"), results.at("test_accuracy"));
  EXPECT_EQ(facts.at("headline").at("set"), "test");
  EXPECT_NEAR(facts.at("calibration").at("nll"), results.at("test_loss"), 1e-9);
  EXPECT_NEAR(facts.at("metrics")[1].at("value"), results.at("test_f1_macro"), 1e-12);
  EXPECT_EQ(facts.at("run").at("steps"), 16);
  EXPECT_EQ(facts.at("plan").at("steps"), 16);
  // What a check, a plan and simple methods have left beside it is told too.
  const std::string own = files.read("out/report.html"), own_baselines = files.read("out/baselines.json"),
                    own_plan = files.read("out/plan.json");
  EXPECT_THAT(own, HasSubstr("TF-IDF"));
  files.write("out/baselines.json",
              R"({"metric": "accuracy", "rows": 40, "baselines": [{"name": "always <b>", "score": 0.5}],
    "model": {"best_baseline": "always <b>", "difference": 0.25, "low": 0.1, "high": 0.4}})");
  files.write("out/plan.json", R"({"total_steps": 16, "seconds": 1.5, "memory_bytes": 104857600})");
  ASSERT_EQ(run({"report", path("out")}).exit_code, 0);
  const Json told = json("out/report.json");
  EXPECT_EQ(told.at("baselines")[0].at("value"), 0.5);
  EXPECT_NEAR(told.at("baselines")[0].at("interval")[0], 0.352, 1e-3);
  EXPECT_EQ(told.at("plan").at("peak_mib"), 100);
  EXPECT_THAT(files.read("out/report.html"), HasSubstr("always &lt;b&gt;"));
  EXPECT_THAT(files.read("out/report.html"), HasSubstr("+25.0"));
  files.write("out/baselines.json", own_baselines);
  files.write("out/plan.json", own_plan);
  // Made again it is the same, and an evaluation has the same predictions.
  EXPECT_EQ(run({"report", path("out")}).exit_code, 0);
  EXPECT_EQ(files.read("out/report.html"), own);
  EXPECT_EQ(run({"evaluate", "--model", path("out"), "--test", path("test.csv"), "--output", path("tested")})
                .exit_code,
            0);
  const insight::PredictionTable again = insight::read_predictions(files.path() / "tested");
  for (std::size_t i = 0; i < test.logits.size(); ++i)
    EXPECT_NEAR(again.sets[0].logits[i], test.logits[i], 1e-5);
  EXPECT_TRUE(exists("tested/report.html"));
  // A page of another name has its numbers under that name.
  EXPECT_EQ(run({"report", path("tested"), "--output", path("pages/of.html")}).exit_code, 0);
  EXPECT_TRUE(exists("pages/of.json"));
  EXPECT_FALSE(exists("pages/report.json"));
  EXPECT_THAT(files.read("pages/of.html"), HasSubstr("of.json</bdi> beside it"));
  EXPECT_EQ(run({"report", path("tested"), "--output", path("out/config.html")}).exit_code, 2);
}

TEST_F(Insight, TheWorstMistakesHaveTheirWords) {
  train("out");
  const Json facts = json("out/report.json");
  ASSERT_GT(facts.at("mistakes").size(), 0U);
  const auto explained = facts.at("explanations").at("explained").get<std::size_t>();
  EXPECT_EQ(explained, std::min<std::size_t>(20, facts.at("mistakes").size()));
  const Json& worst = facts.at("mistakes")[0];
  EXPECT_EQ(worst.at("decided")[0].at("target"), worst.at("said"));
  EXPECT_THAT(files.read("out/report.html"), HasSubstr("<p class=\"note\">for "));
  EXPECT_EQ(run({"evaluate", "--model", path("out"), "--test", path("test.csv"), "--output", path("tested")})
                .exit_code,
            0);
  EXPECT_EQ(json("tested/report.json").at("explanations"), facts.at("explanations"));
  train("without", {"--no-explanations"});
  EXPECT_THAT(files.read("without/report.html"), HasSubstr("they were left out, as asked"));
  std::filesystem::remove(path("out/explanations.json"));
  EXPECT_EQ(run({"report", path("out")}).exit_code, 0);
  EXPECT_THAT(files.read("out/report.html"), HasSubstr("at the end of a training or an evaluation"));
}

TEST_F(Insight, PredictionsAreBounded) {
  train("few", {"--max-prediction-rows", "5"});
  const insight::PredictionTable table = insight::read_predictions(files.path() / "few");
  EXPECT_EQ(table.find("test")->size(), 5);
  EXPECT_EQ(table.find("test")->in_all, 40);
  train("none", {"--max-prediction-rows", "0"});
  for (const char* name : {"predictions.json", "predictions.safetensors", "report.html"})
    EXPECT_FALSE(exists(std::string("none/") + name));
  const ProgramResult report = run({"report", path("none")});
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_THAT(report.err, HasSubstr("has no predictions.json"));
  // A model that other programs have left.
  const ProgramResult others = run({"report", path("base")});
  EXPECT_EQ(others.exit_code, 1);
  EXPECT_THAT(others.err, HasSubstr("(bertune evaluate), and give that folder"));
  EXPECT_THAT(run({"calibrate", "--model", path("base")}).err,
              HasSubstr("name that folder with --predictions"));
}

// The scores of a calibrated model are the softmax of its logits over the temperature, in the program and in
// its weights.
TEST_F(Insight, CalibratedScoresAreTheSameFoldedOrNot) {
  train("out");
  const std::string texts = "the film was good a\nthe food was poor b\nthe staff was not so\n";
  const auto scores = [&] {
    const ProgramResult predicted = run({"predict", "--model", path("out"), "--threads", "1"}, texts);
    EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
    std::vector<double> found;
    for (const Json& line : testing::json_lines(predicted.out))
      found.push_back(line.at("scores").at("positive"));
    return found;
  };
  const std::vector<double> before = scores();
  const ProgramResult calibrated = run({"calibrate", "--model", path("out"), "--json"});
  ASSERT_EQ(calibrated.exit_code, 0) << calibrated.err;
  const Json result = Json::parse(calibrated.out);
  const double temperature = result.at("temperature");
  EXPECT_EQ(result.at("set"), "validation");
  EXPECT_LE(result.at("nll_after"), result.at("nll_before"));
  EXPECT_EQ(result.at("judged_on"), "test");
  const auto logit = [](double p) { return std::log(p / (1 - p)); };
  const std::vector<double> kept = scores();
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(logit(kept[i]), logit(before[i]) / temperature, 1e-4);
  // Calibrated twice is calibrated once, also by predictions of the calibrated model.
  EXPECT_NEAR(Json::parse(run({"calibrate", "--model", path("out"), "--json"}).out).at("temperature"),
              temperature, 1e-9);
  ASSERT_EQ(
      run({"evaluate", "--model", path("out"), "--test", path("validation.csv"), "--output", path("held")})
          .exit_code,
      0);
  EXPECT_NEAR(
      Json::parse(run({"calibrate", "--model", path("out"), "--predictions", path("held"), "--json"}).out)
          .at("temperature"),
      temperature, 1e-3 * temperature);
  ASSERT_EQ(run({"calibrate", "--model", path("out"), "--fold-calibration"}).exit_code, 0);
  EXPECT_EQ(json("out/bertune.json").at("calibration").at("folded"), true);
  const std::vector<double> folded = scores();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(folded[i], kept[i], 1e-6);
  // Predictions from before the fold are not those of these weights.
  const ProgramResult stale = run({"calibrate", "--model", path("out"), "--predictions", path("held")});
  EXPECT_EQ(stale.exit_code, 1);
  EXPECT_THAT(stale.err, HasSubstr("folded into the weights"));
  // Nothing is left to fit.
  EXPECT_NEAR(Json::parse(run({"calibrate", "--model", path("out"), "--json"}).out).at("temperature"), 1,
              1e-4);
}

TEST_F(Insight, AModelAbstainsBelowTheLeastConfidence) {
  train("out");
  const std::string texts = "the film was good a\n";
  const auto answer = [&](const char* least, const char* format) {
    return run({"predict", "--model", path("out"), "--min-confidence", least, "--output-format", format},
               texts);
  };
  const Json sure = Json::parse(answer("0.0", "jsonl").out), unsure = Json::parse(answer("1.0", "jsonl").out);
  EXPECT_EQ(sure.at("abstained"), false);
  EXPECT_TRUE(unsure.at("label").is_null());
  EXPECT_EQ(unsure.at("abstained"), true);
  EXPECT_EQ(unsure.at("scores"), sure.at("scores"));
  EXPECT_THAT(answer("1.0", "csv").out, HasSubstr("the film was good a,,0."));
  EXPECT_EQ(answer("1.5", "jsonl").exit_code, 2);
  EXPECT_THAT(answer("1.5", "jsonl").err, HasSubstr("--min-confidence is 1.5; it must be from 0 to 1"));
}

TEST_F(Insight, RunsAreCompared) {
  train("one");
  train("two", {"--seed", "7"});
  const ProgramResult compared = run({"compare", path("one"), path("two"), "--json"});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  const Json pair = Json::parse(compared.out).at("comparisons")[0];
  EXPECT_EQ(pair.at("first_value"), json("one/all_results.json").at("test_accuracy"));
  EXPECT_EQ(pair.at("second_value"), json("two/all_results.json").at("test_accuracy"));
  EXPECT_EQ(pair.at("rows").size(),
            pair.at("only_first").get<std::size_t>() + pair.at("only_second").get<std::size_t>());
  // The library says the same.
  const std::vector<std::filesystem::path> folders = {path("one"), path("two")};
  const std::vector<RunDifference> differences = compare_runs(folders);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].difference, pair.at("difference"));
  EXPECT_EQ(differences[0].low, pair.at("interval")[0]);
  EXPECT_EQ(calibrate({.model = folders[0]}).temperature, calibrate({.model = folders[0]}).temperature);
  const std::string html = files.read("one/report.html");
  write_report(folders[1]);
  EXPECT_NE(files.read("two/report.html"), html);
  EXPECT_THAT(run({"compare", path("one"), path("two")}).out, HasSubstr("95% interval"));
  EXPECT_EQ(run({"compare", path("one")}).exit_code, 2);
  files.write("test.csv", tiny_dataset(30, 2000));
  ASSERT_EQ(run({"evaluate", "--model", path("two"), "--test", path("test.csv"), "--output", path("less")})
                .exit_code,
            0);
  const ProgramResult other = run({"compare", path("one"), path("less")});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(
      other.err,
      HasSubstr("30 are the same (text and label), 10 are not; --common-rows compares those that are"));
  EXPECT_THAT(run({"compare", path("one"), path("less"), "--common-rows"}).out, HasSubstr("on 30 rows"));
}

}  // namespace
}  // namespace bertune
