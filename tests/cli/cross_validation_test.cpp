// bertune train --folds as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::json_lines;
using testing::Program;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

class CrossValidation : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", testing::tiny_dataset(60));
  }
  // Without what depends on the clock.
  Json results(const std::string& output) const {
    Json all = json(output + "/cross_validation.json");
    for (Json& fold : all.at("fold_results")) fold.erase("runtime");
    return all;
  }
  std::vector<std::string> command(const std::string& output,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "--model",
                                          path("base"),
                                          "--train",
                                          path("train.csv"),
                                          "--output",
                                          path(output),
                                          "--epochs",
                                          "3",
                                          "--batch-size",
                                          "8",
                                          "--threads",
                                          "1",
                                          "--folds",
                                          "3",
                                          "--learning-rate",
                                          "3e-3"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(CrossValidation, EachRowIsPredictedByAModelThatDidNotSeeIt) {
  const std::vector<std::string> fine_tuning = {"--freeze-layers", "1", "--layer-wise-lr-decay", "0.9"};
  std::vector<std::string> more = fine_tuning;
  more.emplace_back("--keep-folds");
  const ProgramResult result = run(command("out", more));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json all = json("out/cross_validation.json");
  const std::vector<Json> rows = json_lines(files.read("out/out_of_fold.jsonl"));
  ASSERT_EQ(rows.size(), 60U);
  std::vector<int> counts(3), right(3);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("where"),
              path("train.csv") + ":" + std::to_string(i + 2));  // in the order of the file
    const std::size_t fold = rows[i].at("fold").get<std::size_t>() - 1;
    ++counts.at(fold);
    right.at(fold) += rows[i].at("label") == rows[i].at("true") ? 1 : 0;
  }
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const Json& fold = all.at("fold_results").at(i);
    EXPECT_EQ(counts[i], 20);
    EXPECT_EQ(fold.at("rows"), 20);
    EXPECT_EQ(fold.at("train_rows"), 40);
    EXPECT_DOUBLE_EQ(fold.at("metrics").at("accuracy"), right[i] / 20.0);
    sum += right[i] / 20.0;
  }
  EXPECT_NEAR(all.at("mean").at("accuracy"), sum / 3, 1e-12);
  EXPECT_THAT(result.out, HasSubstr("mean     std  fold 1  fold 2  fold 3\n"));
  EXPECT_FALSE(exists("out/model.safetensors"));  // it measures, and leaves no model of all rows

  // The second fold's model is what training on the rows of the others gives, and its predictions are that
  // model's.
  std::istringstream csv(files.read("train.csv"));
  std::string line, others, own;
  std::getline(csv, line);
  others = line + "\n", own = line + "\n";
  for (const Json& row : rows) {
    std::getline(csv, line);
    (row.at("fold") == 2 ? own : others) += line + "\n";
  }
  files.write("others.csv", others), files.write("own.csv", own);
  std::vector<std::string> plain = {
      "train",    "--model", path("base"),   "--train", path("others.csv"), "--output", path("plain"),
      "--epochs", "3",       "--batch-size", "8",       "--learning-rate",  "3e-3",     "--validation-split",
      "0"};
  plain.insert(plain.end(), fine_tuning.begin(), fine_tuning.end());
  ASSERT_EQ(run(plain).exit_code, 0);
  EXPECT_EQ(files.read("plain/model.safetensors"), files.read("out/fold-2/model.safetensors"));
  const ProgramResult predicted = run({"predict", "--model", path("plain"), path("own.csv")});
  std::vector<Json> of_fold;
  for (Json row : rows) {
    if (row.at("fold") != 2) continue;
    for (const char* key : {"fold", "true", "where"}) row.erase(key);
    of_fold.push_back(row);
  }
  EXPECT_EQ(json_lines(predicted.out), of_fold);
}

TEST_F(CrossValidation, KeptModelsAreSavedAsAnyOther) {
  files.write("out/fold-1.tmp-3999999-0123456789abcdef/config.json", "of a process that was killed: no fold");
  const ProgramResult result =
      run(command("out", {"--keep-folds", "--label-smoothing", "0.1", "--lora", "--merge-lora"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(json("out/fold-1/bertune.json").contains("loss"));
  EXPECT_TRUE(exists("out/fold-3/model.safetensors"));
  EXPECT_FALSE(exists("out/fold-3/adapter_config.json"));
}

TEST_F(CrossValidation, ResumesAtTheFoldThatWasInterrupted) {
  const std::vector<std::string> long_enough = {"--epochs", "20"};  // to be killed in the middle
  ASSERT_EQ(run(command("whole", long_enough)).exit_code, 0);
  EXPECT_FALSE(exists("whole/fold-1"));
  std::vector<std::string> resumed = command("parts", long_enough);
  for (const std::string fold : {"fold-1", "fold-2"}) {
    Program program(resumed);
    ASSERT_TRUE(program.wait_until([&] { return has_checkpoint("parts/" + fold); })) << program.err();
    program.signal(SIGKILL);
    program.wait();
    if (resumed.back() != "--resume") resumed.emplace_back("--resume");
  }
  ASSERT_TRUE(exists("parts/fold-1/fold_results.json"));
  std::vector<std::string> changed = resumed;
  changed.insert(changed.end(), {"--seed", "5"});
  const ProgramResult refused = run(changed);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("cannot resume"));
  const ProgramResult last = run(resumed);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(last.err, HasSubstr("done before"));
  EXPECT_EQ(results("whole"), results("parts"));
  EXPECT_EQ(files.read("whole/out_of_fold.jsonl"), files.read("parts/out_of_fold.jsonl"));
  EXPECT_FALSE(exists("parts/fold-2"));
  const ProgramResult finished = run(resumed);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.err, HasSubstr("is finished"));
  EXPECT_EQ(run(changed).exit_code, 2);
  EXPECT_EQ(run(command("whole")).exit_code, 2);
  EXPECT_EQ(run(command("whole", {"--overwrite", "--max-steps", "1"})).exit_code, 0);
}

TEST_F(CrossValidation, OfEveryTask) {
  const std::string examples = std::string(BERTUNE_SOURCE_DIR) + "/examples/";
  struct Case {
    std::string file, metric;
    std::vector<std::string> more;
  };
  const std::vector<Case> cases = {
      {"support_entities/train.conll", "f1", {}},
      {"product_questions/train.json", "exact_match", {"--doc-stride", "8"}},
      {"ticket_replies/train.csv", "accuracy", {}},
      {"ticket_details/topics_train.jsonl", "f1_micro", {}},
      {"ticket_details/urgency_train.csv", "rmse", {"--label-column", "urgency", "--do_regression"}}};
  for (const Case& set : cases) {
    const std::string output = "out-" + set.metric;
    std::vector<std::string> arguments = {"train",
                                          "--model",
                                          examples + "models/small-bert",
                                          "--train",
                                          examples + set.file,
                                          "--output",
                                          path(output),
                                          "--folds",
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
    arguments.insert(arguments.end(), set.more.begin(), set.more.end());
    const ProgramResult result = run(arguments);
    ASSERT_EQ(result.exit_code, 0) << set.file << result.err;
    EXPECT_TRUE(Json::parse(result.out).at("mean").contains(set.metric)) << result.out;
    const std::vector<Json> rows = json_lines(files.read(output + "/out_of_fold.jsonl"));
    EXPECT_EQ(rows.size(), 24U) << set.file;
    for (const Json& row : rows) EXPECT_TRUE(row.contains("true") && row.contains("where")) << row;
  }
}

TEST_F(CrossValidation, WrongUsage) {
  const auto refused = [&](const std::vector<std::string>& more, const std::string& part) {
    const ProgramResult result = run(command("bad", more));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(part));
  };
  refused({"--folds", "1"}, "--folds is 1; it must be at least 2");
  refused({"--folds", "0"}, "--folds is 0");
  refused({"--folds", "61"}, "has 60 different texts; take at most as many folds");
  refused({"--profile"}, "leave out --folds");
  refused({"--freeze-layers", "3"}, "--freeze-layers is 3; this model has 2 layers");
  refused({"--freeze", "*"}, "all parameters are frozen");
  refused({"--merge-lora"}, "there is no adapter to merge");
  EXPECT_FALSE(exists("bad/fold-1"));  // so that the corrected command runs
  const ProgramResult few =
      run(command("few", {"--folds", "40", "--max-steps", "1", "--test", path("train.csv")}));
  EXPECT_EQ(few.exit_code, 0) << few.err;
  EXPECT_THAT(
      few.err,
      HasSubstr("the labels \"negative\", \"positive\" have too few different texts for each of 40 folds"));
  EXPECT_THAT(few.err, HasSubstr("--test is not looked at"));
}

}  // namespace
}  // namespace bertune
