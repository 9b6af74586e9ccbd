// bertune train --seeds as a user runs it, and the comparison of such groups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;
using testing::run;
using testing::tiny_dataset;
using Json = nlohmann::json;

class Seeds : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", tiny_dataset(64));
    files.write("test.csv", tiny_dataset(40, 2000));
  }

  std::vector<std::string> command(const std::string& output,
                                   const std::vector<std::string>& more = {"--seeds", "3"}) const {
    std::vector<std::string> arguments = {
        "train",    "--model",    path("base"), "--train", path("train.csv"), "--test", path("test.csv"),
        "--output", path(output), "--epochs",   "2",       "--learning-rate", "3e-3",   "--batch-size",
        "8",        "--threads",  "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Without what depends on the clock.
  Json results(const std::string& output) const {
    Json all = json(output + "/seeds.json");
    for (Json& one : all.at("seed_results")) one.erase("runtime");
    return all;
  }
};

TEST_F(Seeds, EachIsARunOfItsOwnAndTheBestIsTheModel) {
  const ProgramResult result = run(command("out", {"--seeds", "3", "--keep", "all"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json all = json("out/seeds.json");
  EXPECT_EQ(all.at("seeds"), Json({42, 43, 44}));
  double sum = 0, best = -1;
  int best_seed = 0;
  for (const Json& one : all.at("seed_results")) {
    sum += one.at("metrics").at("test_accuracy").get<double>();
    const double validated = one.at("metrics").at("eval_accuracy");
    if (validated > best) best = validated, best_seed = one.at("seed");
  }
  EXPECT_NEAR(all.at("mean").at("test_accuracy"), sum / 3, 1e-12);
  EXPECT_LE(all.at("min").at("test_loss"), all.at("mean").at("test_loss"));
  EXPECT_GT(all.at("std").at("test_loss"), 0);
  EXPECT_EQ(all.at("best"), best_seed);  // by validation
  const std::string folder = "out/seed-" + std::to_string(best_seed);
  for (const char* name : {"/model.safetensors", "/predictions.json", "/test_results.json", "/bertune.json"})
    EXPECT_EQ(files.read("out" + std::string(name)), files.read(folder + name)) << name;
  EXPECT_THAT(result.out, HasSubstr("mean     std     min     max\n"));
  EXPECT_THAT(result.out, HasSubstr("best on validation rows"));
  EXPECT_EQ(run({"predict", "--model", path("out"), path("test.csv")}).exit_code, 0);
  const Json facts = json("out/report.json");
  EXPECT_EQ(facts.at("seeds").at("best"), best_seed);
  EXPECT_EQ(facts.at("seeds").at("metrics").size(), all.at("mean").size());
  EXPECT_THAT(files.read("out/report.html"), HasSubstr("How much of it is luck?"));
  EXPECT_TRUE(exists("out/seed-43/report.html"));

  // Each run is that of its seed alone, on the rows of the first; its run.yaml repeats it.
  EXPECT_EQ(run(command("alone", {"--seed", "44", "--split-seed", "42"})).exit_code, 0);
  EXPECT_EQ(files.read("alone/model.safetensors"), files.read("out/seed-44/model.safetensors"));
  EXPECT_EQ(run({"train", "--config", path("out/seed-43/run.yaml"), "--output", path("again")}).exit_code, 0);
  EXPECT_EQ(files.read("again/model.safetensors"), files.read("out/seed-43/model.safetensors"));
  EXPECT_FALSE(exists("again/seeds.json"));
}

TEST_F(Seeds, TheBestAloneIsKept) {
  const ProgramResult result = run(command("out", {"--seeds", "2", "--json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out).at("seeds").size(), 2U);
  EXPECT_TRUE(exists("out/model.safetensors"));
  for (const std::string seed : {"out/seed-42", "out/seed-43"}) {
    EXPECT_FALSE(exists(seed + "/model.safetensors") || exists(seed + "/config.json"));
    EXPECT_TRUE(exists(seed + "/predictions.safetensors") && exists(seed + "/run.yaml"));
  }
  EXPECT_EQ(run({"train", "--config", path("out/run.yaml"), "--output", path("again"), "--quiet"}).exit_code,
            0);
  EXPECT_EQ(results("out"), results("again"));
  // What is there is neither overwritten by a slip nor taken for a single run.
  EXPECT_EQ(run(command("out")).exit_code, 2);
  EXPECT_THAT(run(command("out", {"--resume"})).err, HasSubstr("holds the runs of several seeds"));
  EXPECT_EQ(run(command("out", {"--overwrite"})).exit_code, 0);
  EXPECT_FALSE(exists("out/seeds.json"));
}

TEST_F(Seeds, ResumesAsAWhole) {
  const std::vector<std::string> long_enough = {"--seeds", "3", "--epochs",
                                                "15"};  // to be killed in the middle
  ASSERT_EQ(run(command("whole", long_enough)).exit_code, 0);
  std::vector<std::string> resumed = command("parts", long_enough);
  for (const std::string seed : {"seed-42", "seed-43"}) {
    Program program(resumed);
    ASSERT_TRUE(program.wait_until([&] { return has_checkpoint("parts/" + seed); })) << program.err();
    program.signal(SIGKILL);
    program.wait();
    if (resumed.back() != "--resume") resumed.emplace_back("--resume");
  }
  std::vector<std::string> changed = resumed;
  changed.insert(changed.end(), {"--learning-rate", "1e-3"});
  EXPECT_THAT(run(changed).err, HasSubstr("cannot resume"));
  const ProgramResult last = run(resumed);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(last.err, HasSubstr("done before"));
  EXPECT_EQ(results("whole"), results("parts"));
  EXPECT_EQ(files.read("whole/model.safetensors"), files.read("parts/model.safetensors"));
  const ProgramResult finished = run(resumed);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.err, HasSubstr("there is nothing to resume"));
}

TEST_F(Seeds, GroupsAreCompared) {
  ASSERT_EQ(run(command("a", {"--seeds", "2"})).exit_code, 0);
  ASSERT_EQ(run(command("b", {"--seeds", "3", "--learning-rate", "1e-5"})).exit_code, 0);
  const ProgramResult result = run({"compare", path("a"), path("b")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("(mean of 3 seeds, deviation"));
  EXPECT_THAT(result.out, HasSubstr("(of rows and seeds)"));
  const Json pair = Json::parse(run({"compare", path("a"), path("b"), "--json"}).out).at("comparisons")[0];
  EXPECT_EQ(pair.at("second_runs"), 3);
  EXPECT_NEAR(pair.at("first_value"), json("a/seeds.json").at("mean").at("test_accuracy"), 1e-12);
  EXPECT_NEAR(pair.at("second_std"), json("b/seeds.json").at("std").at("test_accuracy"), 1e-12);
  const ProgramResult mixed = run({"compare", path("a"), path("b/seed-43")});
  EXPECT_EQ(mixed.exit_code, 2);
  EXPECT_THAT(mixed.err, HasSubstr("holds the runs of 2 seeds"));
  EXPECT_EQ(run({"compare", path("a/seed-42"), path("b/seed-43")}).exit_code, 0);
}

TEST_F(Seeds, OfEveryTask) {
  const std::string examples = std::string(BERTUNE_SOURCE_DIR) + "/examples/";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"support_entities/train.conll", "eval_f1"},
      {"product_questions/train.json", "eval_exact_match"},
      {"ticket_replies/train.csv", "eval_accuracy"},
      {"ticket_details/topics_train.jsonl", "eval_f1_micro"}};
  for (const auto& [file, metric] : cases) {
    const std::string output = "out-" + metric;
    std::vector<std::string> arguments = {"train",
                                          "--model",
                                          examples + "models/small-bert",
                                          "--train",
                                          examples + file,
                                          "--output",
                                          path(output),
                                          "--seeds",
                                          "2",
                                          "--max-train-rows",
                                          "24",
                                          "--max-steps",
                                          "1",
                                          "--max-length",
                                          "64",
                                          "--threads",
                                          "1",
                                          "--json"};
    if (file.starts_with("product")) arguments.insert(arguments.end(), {"--doc-stride", "8"});
    const ProgramResult result = run(arguments);
    ASSERT_EQ(result.exit_code, 0) << file << result.err;
    EXPECT_TRUE(Json::parse(result.out).at("max").contains(metric)) << result.out;
    EXPECT_THAT(files.read(output + "/report.html"), HasSubstr("How much of it is luck?"));
  }
}

TEST_F(Seeds, WrongUsage) {
  const auto refused = [&](const std::vector<std::string>& more, const std::string& part) {
    const ProgramResult result = run(command("bad", more));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(part));
    EXPECT_FALSE(exists("bad/seed-42"));
  };
  refused({"--seeds", "1"}, "--seeds is 1; it must be from 2 to 1000");
  refused({"--seeds", "3", "--folds", "3"}, "--seeds and cross-validation cannot be combined");
  refused({"--seeds", "3", "--on-collapse", "retry"}, "--on-collapse retry does not fit --seeds");
  refused({"--seeds", "3", "--profile"}, "leave out --seeds");
  refused({"--seeds", "3", "--keep", "some"}, "must be best or all");
  refused({"--seeds", "3", "--validation-split", "0"}, "--keep all");
  const ProgramResult all = run(command("all", {"--seeds", "2", "--validation-split", "0", "--keep", "all"}));
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_FALSE(exists("all/model.safetensors"));
  EXPECT_TRUE(exists("all/seed-43/model.safetensors"));
  EXPECT_THAT(all.out, Not(HasSubstr("best on validation")));
}

}  // namespace
}  // namespace bertune
