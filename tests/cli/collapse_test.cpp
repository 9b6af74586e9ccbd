// The guard against collapse and the plan of a run, as a user sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;

class Guarded : public testing::ProgramTest {
 protected:
  Guarded() {
    testing::write_tiny_checkpoint(files.path() / "model");
    std::string train = "text,label\n", test = train;
    for (int i = 0; i < 32; ++i) {
      const std::string letter(1, static_cast<char>('a' + i % 26));
      train += "good film " + letter + (i > 25 ? "x" : "") + ",pos\nbad food " + letter +
               (i > 25 ? "x" : "") + ",neg\n";
      if (i < 8) test += "the good film " + letter + ",pos\nthe bad food " + letter + ",neg\n";
    }
    files.write("train.csv", train);
    files.write("test.csv", test);
  }
  ProgramResult train(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "train",     "--model", path("model"),  "--train", path("train.csv"),    "--output", path("out"),
        "--epochs",  "4",       "--batch-size", "4",       "--validation-split", "0",        "--quiet",
        "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(Guarded, AForcedCollapseEndsTheRun) {
  const ProgramResult result =
      train({"--learning-rate", "3", "--warmup-ratio", "0", "--on-collapse", "stop"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("--learning-rate"));
  EXPECT_THAT(result.err, HasSubstr("--on-collapse"));
  EXPECT_FALSE(exists("out/config.json"));
}

TEST_F(Guarded, WarnsAndGoesOn) {
  const ProgramResult result = train({"--learning-rate", "3", "--warmup-ratio", "0"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("collapsed"));
  EXPECT_TRUE(exists("out/config.json"));
}

TEST_F(Guarded, TriesAgainMoreGently) {
  const ProgramResult result =
      train({"--learning-rate", "3", "--warmup-ratio", "0", "--on-collapse", "retry"});
  EXPECT_EQ(result.exit_code, 1) << "3, 1.5 and 0.75 are all too much";
  EXPECT_THAT(result.err, HasSubstr("Starting over with --learning-rate 1.5 and --seed 43"));
  EXPECT_THAT(result.err, HasSubstr("Starting over with --learning-rate 0.75 and --seed 44"));
  EXPECT_THAT(result.err, HasSubstr("it is 0.75"));
}

TEST_F(Guarded, AnAttemptThatWasKilledIsContinued) {
  const std::vector<std::string> forced = {"--learning-rate", "3",     "--warmup-ratio", "0",
                                           "--on-collapse",   "retry", "--save-every",   "2"};
  std::vector<std::string> arguments = {
      "train",    "--model", path("model"),  "--train", path("train.csv"),    "--output", path("out"),
      "--epochs", "4",       "--batch-size", "4",       "--validation-split", "0",        "--threads",
      "1"};
  arguments.insert(arguments.end(), forced.begin(), forced.end());
  testing::Program program(arguments);
  ASSERT_TRUE(program.wait_until([&] { return exists("out/retries.json") && has_checkpoint("out"); }))
      << program.err();
  program.signal(SIGKILL);
  program.wait();
  std::vector<std::string> again = forced;
  again.emplace_back("--resume");
  const ProgramResult result = train(again);
  EXPECT_EQ(result.exit_code, 1);  // all three attempts collapse
  EXPECT_THAT(result.err, HasSubstr("training collapsed before: this is attempt"));
  EXPECT_THAT(result.err, HasSubstr("it is 0.75"));
}

TEST_F(Guarded, AHealthyRunIsLeftAlone) {
  const ProgramResult result = train({"--learning-rate", "1e-3", "--test", path("test.csv")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("collapse")));
  EXPECT_THAT(result.out, HasSubstr("TF-IDF with a linear model: accuracy 100.0%; this model"));
  EXPECT_EQ(json("out/baselines.json").at("baselines")[1].at("value"), 1);
  EXPECT_TRUE(json("out/baselines.json").at("model").contains("low"));
  EXPECT_EQ(train({"--learning-rate", "1e-3", "--overwrite", "--test", path("test.csv"), "--no-baselines"})
                .exit_code,
            0);
}

TEST_F(Guarded, ADryRunPlansAndWritesNothing) {
  const ProgramResult result = train({"--dry-run", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_FALSE(exists("out"));
  const auto plan = nlohmann::json::parse(result.out);
  EXPECT_EQ(plan.at("total_steps"), 64);
  EXPECT_EQ(plan.at("steps_per_epoch"), 16);
  EXPECT_EQ(plan.at("rows"), 64);
  EXPECT_TRUE(plan.at("fits"));
  EXPECT_GT(plan.at("seconds").get<double>(), 0);
  EXPECT_GT(plan.at("memory_bytes").get<double>(), 1e6);
  EXPECT_THAT(train({"--dry-run"}).out, HasSubstr("Plan: 64 steps (16 per epoch), memory "));
  EXPECT_TRUE(plan.at("few_rows"));  // 32 of each label
}

TEST_F(Guarded, ADryRunPlansEachMethodForFewLabels) {
  const auto plan = [&](const std::string& method) {
    const ProgramResult result =
        train({"--dry-run", "--json", "--method", method, "--test", path("test.csv")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(result.out);
  };
  const auto frozen = plan("frozen"), contrastive = plan("contrastive"), compared = plan("auto");
  EXPECT_EQ(frozen.at("total_steps"), 0);
  EXPECT_EQ(contrastive.at("total_steps"), 40);
  EXPECT_EQ(compared.at("total_steps"), 40);
  EXPECT_EQ(contrastive.at("rows"), 64);
  EXPECT_LT(frozen.at("memory_bytes"), contrastive.at("memory_bytes"));
  EXPECT_GT(frozen.at("seconds"), 0);
  EXPECT_TRUE(contrastive.at("fits"));
  EXPECT_FALSE(exists("out"));
}

}  // namespace
}  // namespace bertune
