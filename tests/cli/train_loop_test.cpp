// Gradient accumulation, losses and early stopping of bertune train, as a user runs them.
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
using Json = nlohmann::json;

class TrainLoop : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", testing::tiny_dataset(77));
    files.write("validation.csv", testing::tiny_dataset(32, 1000));
    // Three in four rows are negative.
    std::string skewed = "text,label\n", several = "text,labels\n", numbers = "text,score\n";
    for (int i = 0; i < 40; ++i) {
      const std::string text =
          "the film was " + std::string(i % 4 == 0 ? "good " : "bad ") + char('a' + i % 26);
      skewed += text + (i % 4 == 0 ? ",positive\n" : ",negative\n");
      several += text + (i % 4 == 0 ? ",x|y\n" : ",x\n");
      numbers += text + "," + std::to_string(0.25 + i * 0.01) + "\n";
    }
    files.write("skewed.csv", skewed), files.write("several.csv", several),
        files.write("numbers.csv", numbers);
  }

  std::vector<std::string> command(const std::string& train, const std::string& output,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "train",      "--model",   path("base"), "--train",      path(train), "--output",
        path(output), "--epochs",  "2",          "--batch-size", "8",         "--learning-rate",
        "1e-3",       "--threads", "1",          "--precision",  "fp32",      "--ignore-mismatched-sizes"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProgramResult train(const std::string& data, const std::vector<std::string>& more) const {
    return run(command(data, "out", more));
  }
};

TEST_F(TrainLoop, AccumulationIsTheLargeBatch) {
  const std::vector<std::string> validation = {"--validation", path("validation.csv")};
  std::vector<std::string> large = validation, parts = validation;
  large.insert(large.end(), {"--batch-size", "32"});
  parts.insert(parts.end(), {"--gradient_accumulation_steps", "4"});
  ASSERT_EQ(run(command("train.csv", "large", large)).exit_code, 0);
  const ProgramResult result = run(command("train.csv", "parts", parts));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json one = json("large/trainer_state.json"), other = json("parts/trainer_state.json");
  EXPECT_EQ(other.at("global_step"), 6);  // ceil(ceil(77 / 8) / 4) * 2
  EXPECT_EQ(other.at("train_batch_size"), 8);
  ASSERT_EQ(one.at("log_history").size(), other.at("log_history").size());
  for (std::size_t i = 0; i < one.at("log_history").size(); ++i) {
    const Json &a = one["log_history"][i], &b = other["log_history"][i];
    EXPECT_EQ(a.at("step"), b.at("step"));
    for (const char* key : {"loss", "grad_norm", "eval_loss"})
      if (a.contains(key)) {
        EXPECT_NEAR(a[key], b.at(key), 1e-4) << key << " at step " << a.at("step");
      }
  }
}

TEST_F(TrainLoop, ResumeWithAccumulationIsBitIdentical) {
  const std::vector<std::string> more = {"--validation",
                                         path("validation.csv"),
                                         "--epochs",
                                         "6",
                                         "--eval-steps",
                                         "2",
                                         "--gradient-accumulation-steps",
                                         "3",
                                         "--save-every",
                                         "5",
                                         "--label-smoothing",
                                         "0.1",
                                         "--class-weights",
                                         "balanced"};
  ASSERT_EQ(run(command("train.csv", "whole", more)).exit_code, 0);
  std::vector<std::string> resumed = command("train.csv", "parts", more);
  for (const std::string checkpoint : {"checkpoint-5", "checkpoint-12", "checkpoint-20"}) {
    Program program(resumed);
    program.wait_until([&] { return exists("parts/" + checkpoint); });
    program.signal(SIGKILL);
    program.wait();
    if (resumed.back() != "--resume") resumed.emplace_back("--resume");
  }
  const ProgramResult last = run(resumed);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(files.read("whole/model.safetensors"), files.read("parts/model.safetensors"));
  EXPECT_EQ(json("whole/trainer_state.json").at("log_history"),
            json("parts/trainer_state.json").at("log_history"));
}

TEST_F(TrainLoop, AResumeWithAnotherLoopIsRefused) {
  Program program(command("train.csv", "out", {"--epochs", "2000", "--validation", path("validation.csv")}));
  ASSERT_TRUE(program.wait_until([&] { return exists("out/checkpoint-10"); }));
  program.signal(SIGINT);
  program.wait();
  const ProgramResult changed = run(command(
      "train.csv", "out",
      {"--epochs", "2000", "--validation", path("validation.csv"), "--resume", "--label-smoothing", "0.1",
       "--gradient-accumulation-steps", "2", "--class-weights", "1,2", "--early-stopping-patience", "3"}));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, HasSubstr("label_smoothing_factor: 0.0 then, 0.1 now"));
  EXPECT_THAT(changed.err, HasSubstr("gradient_accumulation_steps: 1 then, 2 now"));
  EXPECT_THAT(changed.err, HasSubstr("class_weights: \"\" then, \"1,2\" now"));
  EXPECT_THAT(changed.err, HasSubstr("early_stopping_patience: 0 then, 3 now"));
}

TEST_F(TrainLoop, ClassWeightsAreSaidAndKept) {
  const ProgramResult result =
      train("skewed.csv", {"--class-weights", "balanced", "--label_smoothing_factor", "0.1",
                           "--validation-split", "0", "--test", path("skewed.csv")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("note: class weights: negative 0.6667, positive 2\n"));
  EXPECT_THAT(result.err, HasSubstr("note: label smoothing 0.1\n"));
  const Json settings = json("out/bertune.json");
  EXPECT_EQ(settings.at("arguments").at("class_weights"), "balanced");
  EXPECT_NEAR(settings.at("loss").at("class_weights").at("negative"), 2.0 / 3, 1e-6);
  EXPECT_EQ(settings.at("loss").at("class_weights").at("positive"), 2.0);
  // Tested later, the model has the loss that it had.
  const ProgramResult evaluated =
      run({"evaluate", "--model", path("out"), "--test", path("skewed.csv"), "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_NEAR(Json::parse(evaluated.out).at("test_loss"), json("out/all_results.json").at("test_loss"), 1e-6);
}

TEST_F(TrainLoop, LossesChangeTheModel) {
  const auto model_with = [&](const std::string& name, const std::vector<std::string>& more) {
    const ProgramResult result = run(command("skewed.csv", name, more));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return files.read(name + "/model.safetensors");
  };
  const std::string plain = model_with("plain", {});
  EXPECT_NE(model_with("weights", {"--class-weights", "positive=3"}), plain);
  EXPECT_NE(model_with("smoothing", {"--label-smoothing", "0.1"}), plain);
  EXPECT_NE(model_with("focal", {"--focal-loss", "2"}), plain);
  EXPECT_EQ(model_with("off",
                       {"--focal-loss", "0", "--label-smoothing", "0", "--gradient-accumulation-steps", "1"}),
            plain);
  EXPECT_FALSE(json("off/bertune.json").contains("loss"));
}

TEST_F(TrainLoop, BadInputsHaveOneMessageEach) {
  const auto refusal = [&](const std::string& data, const std::vector<std::string>& more) {
    const ProgramResult result = train(data, more);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    return result.err;
  };
  const std::string none = "has no meaning for";
  EXPECT_THAT(refusal("skewed.csv", {"--gradient-accumulation-steps", "0"}), HasSubstr("from 1 to 1000000"));
  EXPECT_THAT(refusal("skewed.csv", {"--label-smoothing", "1"}),
              HasSubstr("--label-smoothing is 1; it must be in"));
  EXPECT_THAT(refusal("skewed.csv", {"--focal-loss", "-1"}), HasSubstr("--focal-loss is -1"));
  EXPECT_THAT(refusal("skewed.csv", {"--focal-loss", "2", "--label-smoothing", "0.1"}),
              HasSubstr("cannot be combined"));
  EXPECT_THAT(refusal("skewed.csv", {"--class-weights", "neutral=2"}),
              HasSubstr("no label \"neutral\"; the labels are negative, positive"));
  EXPECT_THAT(refusal("several.csv", {"--label-smoothing", "0.1"}), HasSubstr("several labels"));
  EXPECT_THAT(refusal("several.csv", {"--class-weights", "balanced"}),
              HasSubstr("every training row has the label \"x\""));
  EXPECT_THAT(refusal("numbers.csv", {"--class-weights", "balanced"}), HasSubstr(none));
  EXPECT_THAT(refusal("numbers.csv", {"--label-smoothing", "0.1"}), HasSubstr("a regression"));
  EXPECT_THAT(refusal("skewed.csv", {"--early-stopping-patience", "-1"}),
              HasSubstr("--early-stopping-patience"));
  EXPECT_THAT(refusal("skewed.csv", {"--early-stopping-patience", "2", "--validation-split", "0"}),
              HasSubstr("needs a validation set"));
  EXPECT_THAT(refusal("skewed.csv", {"--eval-steps", "-3"}), HasSubstr("--eval-steps"));
  EXPECT_THAT(refusal("skewed.csv", {"--eval_strategy", "sometimes"}), HasSubstr("no, steps and epoch"));
}

TEST_F(TrainLoop, StopsEarlyAndSaysSo) {
  const ProgramResult result = train(
      "train.csv", {"--validation", path("validation.csv"), "--epochs", "40", "--early_stopping_patience",
                    "1", "--early-stopping-threshold", "0.9", "--learning-rate", "1e-5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("stopped early after step 20 of 400 (epoch 2): no gain in accuracy above 0.9"));
  EXPECT_THAT(result.out, HasSubstr("Training stopped early after step 20"));
  const Json state = json("out/trainer_state.json");
  EXPECT_EQ(state.at("global_step"), 20);
  EXPECT_EQ(state.at("max_steps"), 400);
  EXPECT_EQ(state.at("stateful_callbacks")
                .at("EarlyStoppingCallback")
                .at("attributes")
                .at("early_stopping_patience_counter"),
            1);
  EXPECT_EQ(json("out/all_results.json").at("epoch"), 2.0);
  EXPECT_FALSE(exists("out/checkpoint-20"));
}

TEST_F(TrainLoop, TheTrainersEvaluationFlags) {
  const auto evaluations = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> all = {"--validation", path("validation.csv")};
    all.insert(all.end(), more.begin(), more.end());
    const ProgramResult result = run(command("train.csv", name, all));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<int> steps;
    const Json state = json(name + "/trainer_state.json");
    for (const Json& row : state.at("log_history"))
      if (row.contains("eval_loss")) steps.push_back(row.at("step"));
    return steps;
  };
  EXPECT_EQ(evaluations("epoch", {"--eval_strategy", "epoch", "--eval_steps", "7"}), (std::vector{10, 20}));
  EXPECT_EQ(evaluations("steps", {"--eval_strategy", "steps", "--eval_steps", "7"}),
            (std::vector{7, 14, 20}));
  EXPECT_EQ(evaluations("logging", {"--evaluation_strategy", "steps", "--logging_steps", "15"}),
            (std::vector{15, 20}));
}

}  // namespace
}  // namespace bertune
