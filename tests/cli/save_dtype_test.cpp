// bertune train --save-dtype, pretrain --save-dtype and bertune convert.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bertune/tokenizer.h"
#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

class SaveDtypeCommand : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", testing::tiny_dataset(64));
    files.write("test.csv", testing::tiny_dataset(32, 2000));
  }
  std::uintmax_t weights(const std::string& folder) const {
    return std::filesystem::file_size(files.path() / folder / "model.safetensors");
  }
  ProgramResult train(const std::string& output, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "train",    "--model", path("base"),   "--train", path("train.csv"), "--output", path(output),
        "--epochs", "4",       "--batch-size", "8",       "--learning-rate", "3e-3"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  std::vector<double> scores(const std::string& folder) const {
    const ProgramResult result = run({"predict", "--model", path(folder), path("test.csv")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<double> scores;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);)
      scores.push_back(Json::parse(line).at("scores").at("positive"));
    EXPECT_EQ(scores.size(), 32U);
    return scores;
  }
  void expect_close(const std::string& one, const std::string& other, double tolerance) const {
    const std::vector<double> a = scores(one), b = scores(other);
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
  }
};

TEST_F(SaveDtypeCommand, HalfTheSizeAndCloseToTheWhole) {
  ASSERT_EQ(train("whole").exit_code, 0);
  EXPECT_EQ(json("whole/config.json").at("dtype"), "float32");
  for (const auto& [dtype, tolerance] : {std::pair{"float16", 0.003}, std::pair{"bfloat16", 0.03}}) {
    const ProgramResult result = train(dtype, {"--save-dtype", dtype, "--test", path("test.csv")});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(json(std::string(dtype) + "/config.json").at("dtype"), dtype);
    EXPECT_LT(weights(dtype), 0.6 * static_cast<double>(weights("whole")));
    expect_close("whole", dtype, tolerance);
    // The numbers of the test are those of the model that was saved.
    const ProgramResult again =
        run({"evaluate", "--model", path(dtype), "--test", path("test.csv"), "--json"});
    EXPECT_NEAR(Json::parse(again.out).at("test_loss"),
                json(std::string(dtype) + "/all_results.json").at("test_loss"), 1e-6);
    EXPECT_FALSE(std::filesystem::exists(files.path() / dtype / "checkpoint-32"));
  }
}

TEST_F(SaveDtypeCommand, UnknownNamesAreRefusedBeforeTraining) {
  const ProgramResult result = train("out", {"--save-dtype", "fp16"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("\"fp16\""), HasSubstr("float16 or bfloat16")));
  EXPECT_FALSE(std::filesystem::exists(files.path() / "out"));
}

// A number that does not fit shows when training is over: it must not be lost.
TEST_F(SaveDtypeCommand, WhatDoesNotFitLosesNoTraining) {
  auto model = BertForSequenceClassification::from_config(testing::tiny_config());
  model.parameters().value("bert.embeddings.position_embeddings.weight").back() = 70000;  // of no text
  model.save_weights(files.path() / "base");
  const ProgramResult failed = train("out", {"--save-dtype", "float16", "--weight-decay", "0"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("bert.embeddings.position_embeddings.weight"), HasSubstr("70000"),
                                HasSubstr("float16 cannot")));
  EXPECT_FALSE(std::filesystem::exists(files.path() / "out" / "model.safetensors"));
  const ProgramResult resumed = train("out", {"--save-dtype", "bfloat16", "--weight-decay", "0", "--resume"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("Resuming after step"));
  EXPECT_EQ(json("out/config.json").at("dtype"), "bfloat16");
}

TEST_F(SaveDtypeCommand, ConvertKeepsEverythingElse) {
  ASSERT_EQ(train("whole").exit_code, 0);
  const auto convert = [&](const std::string& from, const std::string& to, const std::string& dtype) {
    return run({"convert", "--model", path(from), "--output", path(to), "--save-dtype", dtype});
  };
  const ProgramResult result = convert("whole", "half", "float16");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("float16"));
  EXPECT_LT(weights("half"), 0.6 * static_cast<double>(weights("whole")));
  expect_close("whole", "half", 0.003);
  Json config = json("half/config.json");
  EXPECT_EQ(config.at("dtype"), "float16");
  config["dtype"] = "float32";
  EXPECT_EQ(config, json("whole/config.json"));
  for (const char* file : {"vocab.txt", "tokenizer.json", "bertune.json"})
    EXPECT_EQ(files.read(std::string("half/") + file), files.read(std::string("whole/") + file)) << file;
  // Widening is exact, and so is narrowing again.
  ASSERT_EQ(convert("half", "wide", "float32").exit_code, 0);
  ASSERT_EQ(convert("wide", "again", "float16").exit_code, 0);
  EXPECT_EQ(files.read("again/model.safetensors"), files.read("half/model.safetensors"));
  const ProgramResult refused = convert("whole", "half", "float16");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--overwrite"));
  EXPECT_EQ(convert("nowhere", "out", "float16").exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(files.path() / "out"));
  EXPECT_EQ(run({"inspect", path("half"), "--json"}).exit_code, 0);
}

TEST_F(SaveDtypeCommand, PretrainTakesItToo) {
  files.write("text.txt", "the film was good.\nthe food was bad.\n\nthe story was poor.\nnot very fine.\n");
  const ProgramResult result = run({"pretrain", "--model", path("base"), "--train", path("text.txt"),
                                    "--output", path("out"), "--epochs", "1", "--save-dtype", "bfloat16"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json("out/config.json").at("dtype"), "bfloat16");
  EXPECT_EQ(run({"fill-mask", "--model", path("out"), "the [MASK]"}).exit_code, 0);
}

TEST_F(SaveDtypeCommand, CalibratesForInt8) {
  ASSERT_EQ(train("whole").exit_code, 0);
  const auto convert = [&](const std::string& output, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"convert", "--model", path("whole"), "--output", path(output)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  const ProgramResult result = convert("calibrated", {"--calibrate", path("test.csv"), "--max-drop", "50"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("accuracy over 32 rows"), HasSubstr("--precision int8")));
  EXPECT_EQ(json("calibrated/bertune.json").at("int8").at("rows"), 32);
  EXPECT_EQ(files.read("calibrated/model.safetensors"), files.read("whole/model.safetensors"));
  const auto in_int8 = [&](const std::string& folder) {
    return run({"predict", "--model", path(folder), path("test.csv"), "--precision", "int8"}).out;
  };
  EXPECT_EQ(in_int8("calibrated"), in_int8("whole"));
  // A part that stays f32 is heeded, and a name that is no part is refused.
  Json settings = json("calibrated/bertune.json");
  settings["int8"]["float32_parts"] = {"encoder.layer.0.intermediate"};
  files.write("calibrated/bertune.json", settings.dump());
  EXPECT_NE(in_int8("calibrated"), in_int8("whole"));
  settings["int8"]["float32_parts"] = {"encoder.layer.7.nothing"};
  files.write("calibrated/bertune.json", settings.dump());
  const ProgramResult refused = run({"predict", "--model", path("calibrated"), path("test.csv")});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("bertune.json"), HasSubstr("encoder.layer.7.nothing")));
  EXPECT_EQ(convert("other", {"--calibrate", path("test.csv"), "--merge"}).exit_code, 2);
  EXPECT_EQ(convert("other", {"--calibrate", path("missing.csv")}).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(files.path() / "other"));
}

}  // namespace
}  // namespace bertune
