// bertune tune as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;
using testing::run;
using testing::tiny_dataset;
using Json = nlohmann::json;

class Tune : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", tiny_dataset(64));
    files.write("test.csv", tiny_dataset(40, 2000));
  }

  std::vector<std::string> command(const std::string& output, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"tune",
                                          "--model",
                                          path("base"),
                                          "--train",
                                          path("train.csv"),
                                          "--test",
                                          path("test.csv"),
                                          "--output",
                                          path(output),
                                          "--batch-size",
                                          "8",
                                          "--epochs",
                                          "1",
                                          "--threads",
                                          "1",
                                          "--silent",
                                          "--no-baselines",
                                          "--learning-rate",
                                          "2e-3"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Without what depends on the clock.
  Json results(const std::string& output) const {
    Json all = json(output + "/tuning.json");
    all.erase("seconds");
    all.at("bertune").erase("costs");
    for (Json& trial : all.at("trials")) {
      trial.erase("seconds");
      trial.at("bertune").erase("row_seconds");
    }
    return all;
  }
};

TEST_F(Tune, LeavesTheBestModelAndHowItWasFound) {
  const ProgramResult result = run(command("out", {"--trials", "5", "--keep", "all"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json all = json("out/tuning.json");
  EXPECT_EQ(all.at("finished"), true);
  ASSERT_EQ(all.at("trials").size(), 5U);
  for (const Json& trial : all.at("trials")) {
    const std::string folder = "out/" + trial.at("folder").get<std::string>();
    const bool is_finished = trial.at("outcome") == "finished";
    EXPECT_EQ(exists(folder + "/model.safetensors"), is_finished) << folder;
    EXPECT_EQ(has_checkpoint(folder), !is_finished) << folder;
    EXPECT_TRUE(exists(folder + "/run.yaml")) << folder;
    EXPECT_FALSE(exists(folder + "/test_results.json")) << folder;
  }
  const std::string winner = "out/trials/00" + std::to_string(all.at("winner").get<int>());
  EXPECT_EQ(files.read("out/model.safetensors"), files.read(winner + "/model.safetensors"));
  EXPECT_EQ(all.at("replaced"), all.at("winner") != 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("5 trials in "), HasSubstr("Test on "), HasSubstr("the model")));
  // The test's result is that of the model, and the report knows both sets.
  const ProgramResult tested =
      run({"evaluate", "--model", path("out"), "--test", path("test.csv"), "--json"});
  EXPECT_EQ(all.at("test").at("test_accuracy"), Json::parse(tested.out).at("test_accuracy"));
  EXPECT_EQ(json("out/all_results.json").at("test_loss"), all.at("test").at("test_loss"));
  EXPECT_TRUE(json("out/all_results.json").contains("eval_accuracy"));
  EXPECT_TRUE(exists("out/report.html"));
  EXPECT_EQ(run({"compare", path("out/trials/000"), path(winner), "--set", "validation"}).exit_code, 0);

  // Its file repeats it, and that of a trial that stopped goes on to the end.
  EXPECT_EQ(run({"train", "--config", path("out/run.yaml"), "--output", path("again"), "--quiet"}).exit_code,
            0);
  EXPECT_EQ(files.read("again/model.safetensors"), files.read("out/model.safetensors"));
  for (const Json& trial : all.at("trials")) {
    if (trial.at("outcome") != "stopped") continue;
    const std::string folder = "out/" + trial.at("folder").get<std::string>();
    ASSERT_EQ(run({"train", "--config", path(folder + "/run.yaml"), "--output", path("whole"), "--quiet"})
                  .exit_code,
              0);
    const ProgramResult resumed =
        run({"train", "--config", path(folder + "/run.yaml"), "--output", path(folder), "--resume"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("Resuming after step"));
    EXPECT_EQ(files.read("whole/model.safetensors"), files.read(folder + "/model.safetensors"));
    break;
  }
}

TEST_F(Tune, ResumesWithTheSameTrials) {
  const std::vector<std::string> long_enough = {"--trials", "5", "--epochs", "6"};
  ASSERT_EQ(run(command("whole", long_enough)).exit_code, 0);
  std::vector<std::string> resumed = command("parts", long_enough);
  for (const std::string place : {"000", "002", "004"}) {
    Program program(resumed);
    const std::string folder = "parts/trials/" + place;
    ASSERT_TRUE(program.wait_until([&] {
      return has_checkpoint(folder) || exists(folder + "/all_results.json");
    })) << program.err();
    if (place == "000") {  // another process is kept out
      EXPECT_THAT(run(command("parts", {"--trials", "5", "--overwrite"})).err,
                  HasSubstr("is writing to this folder"));
    }
    program.signal(place == "002" ? SIGINT : SIGKILL);
    const ProgramResult stopped = program.wait();
    EXPECT_EQ(stopped.exit_code, place == "002" ? 130 : 128 + SIGKILL);
    EXPECT_THAT(stopped.err, HasSubstr(place == "002" ? "the same command with --resume continues" : ""));
    if (resumed.back() != "--resume") resumed.emplace_back("--resume");
  }
  std::vector<std::string> changed = resumed;
  changed.insert(changed.end(), {"--learning-rate", "1e-3"});
  EXPECT_THAT(run(changed).err, HasSubstr("cannot resume"));
  const ProgramResult last = run(resumed);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(results("whole"), results("parts"));
  EXPECT_EQ(files.read("whole/model.safetensors"), files.read("parts/model.safetensors"));
  EXPECT_EQ(files.read("whole/predictions.safetensors"), files.read("parts/predictions.safetensors"));
  const ProgramResult finished = run(resumed);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.err, HasSubstr("there is nothing to resume"));
  // Only the best model is kept.
  EXPECT_FALSE(exists("parts/trials/000/model.safetensors") || has_checkpoint("parts/trials/001"));
  EXPECT_EQ(run(command("whole", long_enough)).exit_code, 2);
  EXPECT_THAT(run({"train", "--config", path("whole/run.yaml"), "--resume"}).err,
              HasSubstr("holds a search for settings"));
}

TEST_F(Tune, SearchesWhatAFileNames) {
  files.write(
      "space.yaml",
      "optimizer: [adamw, lamb]\nlearning-rate: {min: 1e-4, max: 1e-2, log: true}\nnesterov: [true, false]\n"
      "batch_size: {min: 4, max: 16}\n");
  const ProgramResult result =
      run(command("out", {"--trials", "3", "--space", path("space.yaml"), "--json", "--max-steps", "3"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json all = Json::parse(result.out);
  EXPECT_EQ(all.at("trials")[0].at("settings").at("optimizer"), "adamw");
  EXPECT_NE(all.at("trials")[1].at("settings").at("optimizer"),
            all.at("trials")[2].at("settings").at("optimizer"));
  EXPECT_THAT(
      files.read("out/trials/001/run.yaml"),
      HasSubstr("batch-size: " + all.at("trials")[1].at("settings").at("batch_size").get<std::string>()));
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"epochs: [1]\nlearning-rat: [1e-5]\n",
            "space.yaml:2: bertune tune has no option \"learning-rat\"; did you mean"},
           {"train: [a.csv]\n", "space.yaml:1: \"train\" cannot be searched"},
           {"epochs: [many]\n", "space.yaml:1: \"epochs\" must be a number"},
           {"optimizer: {min: 1, max: 2}\n",
            "space.yaml:1: \"optimizer\" takes a text, and so a list of values"},
           {"epochs: {min: 1}\n", "space.yaml:1: \"epochs\": a range has \"min\" and \"max\""},
           {"epochs: []\n", "space.yaml:1: \"epochs\" has no values"}}) {
    files.write("space.yaml", text);
    const ProgramResult refused = run(command("other", {"--trials", "3", "--space", path("space.yaml")}));
    EXPECT_EQ(refused.exit_code, 2) << text;
    EXPECT_THAT(refused.err, HasSubstr(message));
  }
}

TEST_F(Tune, ATrialThatCollapsesLosesAndIsNamed) {
  files.write("space.json", R"({"learning_rate": [1e30]})");
  const ProgramResult result = run(command("out", {"--trials", "2", "--space", path("space.json")}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json trial = json("out/tuning.json").at("trials")[1];
  EXPECT_EQ(trial.at("outcome"), "collapsed");
  EXPECT_THAT(trial.at("why").get<std::string>(), HasSubstr("no longer a finite number"));
  EXPECT_EQ(json("out/tuning.json").at("winner"), 0);
  EXPECT_THAT(result.out, HasSubstr("collapsed: "));
}

TEST_F(Tune, SaysWhatCannotBe) {
  const auto error_of = [&](const std::vector<std::string>& more) {
    const ProgramResult result = run(command("out", more));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    return result.err;
  };
  EXPECT_THAT(error_of({}), HasSubstr("give --budget, such as 30m, or --trials"));
  EXPECT_THAT(error_of({"--budget", "soon"}), HasSubstr("must be a time such as 90s, 30m, 2h or 1h30m"));
  EXPECT_THAT(error_of({"--budget", "0.01s"}), HasSubstr("the default settings alone need about"));
  EXPECT_THAT(error_of({"--trials", "1"}), HasSubstr("--trials is 1; it must be from 2 to 999"));
  EXPECT_THAT(error_of({"--trials", "3", "--validation-split", "0"}), HasSubstr("on validation rows"));
  EXPECT_THAT(error_of({"--trials", "3", "--on-collapse", "retry"}),
              HasSubstr("--on-collapse retry does not fit"));
  EXPECT_THAT(error_of({"--trials", "3", "--seeds", "3"}), HasSubstr("bertune train has it"));
  EXPECT_THAT(error_of({"--trials", "3", "--method", "frozen"}), HasSubstr("leave out --method"));
  EXPECT_THAT(error_of({"--trials", "3", "--max-prediction-rows", "0"}), HasSubstr("must be at least 1"));
  EXPECT_FALSE(exists("out/tuning.json"));
}

TEST_F(Tune, SearchesForOneClassAndSeveralLabels) {
  files.write("one.csv", "text,label\ngood film,yes\nfine food,yes\npoor film,yes\n");
  const ProgramResult one = run(command("one", {"--trials", "2", "--train", path("one.csv")}));
  EXPECT_EQ(one.exit_code, 1);
  EXPECT_THAT(one.err, HasSubstr("a classifier needs at least two classes"));
  files.write("several.jsonl", [] {
    std::string lines;
    for (int i = 0; i < 40; ++i)
      lines += std::string(R"({"text": ")") + (i % 2 == 0 ? "good" : "bad") +
               (i % 3 == 0 ? " film" : " food") + " " + static_cast<char>('a' + i % 26) +
               R"(", "labels": [)" + (i % 2 == 0 ? R"("good")" : "") + (i % 6 == 0 ? "," : "") +
               (i % 3 == 0 ? R"("film")" : "") + "]}\n";
    return lines;
  }());
  const ProgramResult several =
      run({"tune", "--model", path("base"), "--train", path("several.jsonl"), "--test", path("several.jsonl"),
           "--output", path("several"), "--trials", "3", "--epochs", "1", "--silent", "--no-baselines"});
  ASSERT_EQ(several.exit_code, 0) << several.err;
  EXPECT_EQ(json("several/tuning.json").at("metric"), "f1_micro");
  const ProgramResult tested =
      run({"evaluate", "--model", path("several"), "--test", path("several.jsonl"), "--json"});
  EXPECT_EQ(json("several/tuning.json").at("test").at("test_f1_micro"),
            Json::parse(tested.out).at("test_f1_micro"));
}

}  // namespace
}  // namespace bertune
