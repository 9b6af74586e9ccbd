// bertune noise as a user runs it, and training on corrected rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

class Noise : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    std::string csv = testing::tiny_dataset(80);
    for (int i = 0; i < 6; ++i) {  // labels that are wrong
      const std::size_t at = csv.find(",positive\n", csv.size() / 7 * static_cast<std::size_t>(i + 1) - 100);
      csv.replace(at, 10, ",negative\n");
    }
    files.write("train.csv", csv);
  }
  std::vector<std::string> noise(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"noise",      path("train.csv"), "--model",
                                          path("base"), "--threads",       "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> train(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "train",    "--model",   path("base"),   "--train", path("train.csv"), "--epochs", "1",
        "--output", path("out"), "--batch-size", "8",       "--threads",       "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Noise, RanksLabelsAndTrainingLeavesThemOut) {
  const ProgramResult found = run(noise({"--output", path("suspicious.csv")}));
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("of 80 rows are suspicious"));
  EXPECT_THAT(found.out, HasSubstr("negative -> positive"));
  EXPECT_THAT(found.out, HasSubstr("--relabel " + path("suspicious.csv")));
  const ProgramResult json = run(noise({"--json", "--top", "80"}));
  EXPECT_EQ(Json::parse(json.out).at("ranked").size(), 80U);
  const ProgramResult trained = run(train({"--exclude", path("suspicious.csv")}));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("rows are left out (--exclude"));
  EXPECT_THAT(files.read("out/run.yaml"), HasSubstr("exclude: "));
  // The rows of the run itself.
  const ProgramResult own = run({"noise", path("out")});
  EXPECT_EQ(own.exit_code, 0) << own.err;
  EXPECT_THAT(own.out, HasSubstr("rows are suspicious"));
}

TEST_F(Noise, AResumedRunSeesTheSameRows) {
  files.write("a.csv", "where,correct\ntrain.csv:2,negative\n");
  ASSERT_EQ(run(train({"--relabel", path("a.csv"), "--keep-checkpoints", "--max-steps", "2"})).exit_code, 0);
  std::filesystem::remove(files.path() / "out/all_results.json");
  files.write("a.csv", "where,correct\ntrain.csv:4,negative\n");
  const ProgramResult other = run(train({"--relabel", path("a.csv"), "--max-steps", "2", "--resume"}));
  EXPECT_NE(other.exit_code, 0);
  EXPECT_THAT(other.err, HasSubstr("resume"));
}

TEST_F(Noise, FullTrainsAModelForEachFold) {
  const std::vector<std::string> arguments =
      noise({"--full", "--folder", path("folds"), "--folds", "2", "--epochs", "1", "--json", "--top", "80"});
  const ProgramResult found = run(arguments);
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const Json all = Json::parse(found.out);
  EXPECT_EQ(all.at("set"), "train");
  EXPECT_EQ(all.at("items"), 80);
  // The folder has what the trained models say alone.
  const Json trained = Json::parse(run({"noise", path("folds"), "--json", "--top", "80"}).out);
  EXPECT_EQ(trained.at("set"), "out_of_fold");
  EXPECT_EQ(trained.at("items"), 80);
  EXPECT_NE(trained.at("ranked"), all.at("ranked"));
  std::vector<std::string> again = arguments;
  again.emplace_back("--resume");
  EXPECT_EQ(Json::parse(run(again).out), all);  // the trainings are finished, and taken over
  std::vector<bool> seen(80);
  for (const Json& one : all.at("ranked")) {
    const std::size_t row = one.at("row");
    EXPECT_EQ(one.at("where"), path("train.csv") + ":" + std::to_string(row + 2));
    seen.at(row) = true;
  }
  EXPECT_THAT(seen, Not(::testing::Contains(false)));
}

TEST_F(Noise, RefusesWhatHasNoLabels) {
  files.write("choices.csv", "question,choice0,choice1,label\nq,a,b,0\nr,a,b,1\n");
  const ProgramResult choices =
      run({"noise", path("choices.csv"), "--model", path("base"), "--task", "multiple-choice"});
  EXPECT_NE(choices.exit_code, 0);
  EXPECT_THAT(choices.err, HasSubstr("no labels that can be judged"));
  const ProgramResult without = run({"noise", path("train.csv")});
  EXPECT_THAT(without.err, HasSubstr("--model is missing"));
  const ProgramResult full = run(noise({"--full"}));
  EXPECT_THAT(full.err, HasSubstr("--folder"));
}

}  // namespace
}  // namespace bertune
