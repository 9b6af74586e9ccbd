// bertune train, evaluate and predict as a user runs them, on a model small enough for a test.
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
using ::testing::StartsWith;
using testing::tiny_dataset;
using Json = nlohmann::json;

class Train : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", tiny_dataset(96));
    files.write("validation.csv", tiny_dataset(32, 1000));
    files.write("test.csv", tiny_dataset(32, 2000));
  }

  std::vector<std::string> command(const std::string& output,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "--model",
                                          path("base"),
                                          "--train",
                                          path("train.csv"),
                                          "--validation",
                                          path("validation.csv"),
                                          "--output",
                                          path(output),
                                          "--epochs",
                                          "6",
                                          "--learning-rate",
                                          "3e-3",
                                          "--batch-size",
                                          "8",
                                          "--threads",
                                          "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Train, LearnsTestsAndWritesAFolder) {
  const ProgramResult result = run(command("out", {"--test", path("test.csv")}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json results = json("out/all_results.json");
  EXPECT_GE(results.at("test_accuracy").get<double>(), 0.9) << result.out;
  for (const char* key :
       {"train_runtime", "train_samples_per_second", "train_tokens_per_second", "train_loss", "eval_loss",
        "eval_accuracy", "test_loss", "test_f1_macro", "peak_rss_mib", "epoch"}) {
    EXPECT_TRUE(results.contains(key) || results.contains("train_" + std::string(key))) << key;
  }
  for (const char* file :
       {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
        "special_tokens_map.json", "trainer_state.json", "train_results.json", "test_results.json"}) {
    EXPECT_TRUE(exists("out/" + std::string(file))) << file;
  }
  EXPECT_FALSE(exists("out/checkpoint-72"));  // the run finished: nothing to resume
  files.write("out/checkpoint-72/config.json", "of a run that was killed while it removed its checkpoints");
  EXPECT_EQ(run(command("out", {"--test", path("test.csv"), "--resume"})).exit_code, 0);
  EXPECT_FALSE(exists("out/checkpoint-72"));
  const Json config = json("out/config.json");
  EXPECT_EQ(config.at("id2label"), Json::parse(R"({"0": "negative", "1": "positive"})"));
  EXPECT_EQ(config.at("problem_type"), "single_label_classification");
  EXPECT_THAT(result.out, HasSubstr("negative"));
  EXPECT_THAT(result.err, HasSubstr("positive"));  // the data report
  const Json state = json("out/trainer_state.json");
  EXPECT_EQ(state.at("global_step"), 72);
  EXPECT_FALSE(state.at("log_history").empty());
}

TEST_F(Train, EvaluateAndPredictAgreeWithTheTest) {
  ASSERT_EQ(run(command("out", {"--test", path("test.csv")})).exit_code, 0);
  const ProgramResult evaluated = run({"evaluate", "--model", path("out"), "--test", path("test.csv"),
                                       "--json", "--output", path("evaluation")});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const Json results = Json::parse(evaluated.out);
  const Json trained = json("out/all_results.json");
  EXPECT_EQ(results.at("test_accuracy"), trained.at("test_accuracy"));
  EXPECT_NEAR(results.at("test_loss"), trained.at("test_loss"), 1e-6);
  EXPECT_TRUE(exists("evaluation/all_results.json"));

  const ProgramResult predicted =
      run({"predict", "--model", path("out")}, "the film was good a\n\nthe food was bad b\n");
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  std::istringstream lines(predicted.out);
  std::string line;
  std::vector<Json> rows;
  while (std::getline(lines, line)) rows.push_back(Json::parse(line));
  ASSERT_EQ(rows.size(), 3U);  // an empty line is an empty text: rows stay in step with the input
  EXPECT_EQ(rows[0].at("label"), "positive");
  EXPECT_EQ(rows[2].at("label"), "negative");
  EXPECT_NEAR(
      rows[0].at("scores").at("positive").get<double>() + rows[0].at("scores").at("negative").get<double>(),
      1, 1e-9);

  const ProgramResult file = run({"predict", "--model", path("out"), path("test.csv"), "--output-format",
                                  "csv", "--output", path("predictions.csv")});
  ASSERT_EQ(file.exit_code, 0) << file.err;
  EXPECT_THAT(files.read("predictions.csv"),
              ::testing::StartsWith("text,label,score\nthe film was rather good p"));
}

TEST_F(Train, SameSeedSameBits) {
  ASSERT_EQ(run(command("one", {"--epochs", "2"})).exit_code, 0);
  ASSERT_EQ(run(command("two", {"--epochs", "2"})).exit_code, 0);
  ASSERT_EQ(run(command("three", {"--epochs", "2", "--seed", "7"})).exit_code, 0);
  EXPECT_EQ(files.read("one/model.safetensors"), files.read("two/model.safetensors"));
  EXPECT_NE(files.read("one/model.safetensors"), files.read("three/model.safetensors"));
}

// Killed at several places, resumed each time: the same bits as a run that was never stopped. Optimizers with
// every kind of state: as long as the model, for some tensors, with a single number, and one that grows.
TEST_F(Train, ResumeAfterKillIsBitIdentical) {
  const std::vector<std::pair<std::string, std::string>> optimizers = {
      {"adamw", ""},     {"sgd", "momentum=0.9"}, {"muon", "adjust_lr_fn=match_rms_adamw"}, {"adafactor", ""},
      {"asgd", "t0=10"}, {"sparse_adam", ""},     {"lbfgs", "max_iter=2,history_size=3"}};
  for (const auto& [optimizer, options] : optimizers) {
    std::vector<std::string> more = {"--save-every", "5", "--optimizer", optimizer, "--optim-args", options};
    if (optimizer == "muon") {
      for (const char* flag : {"--schedule", "reduce_lr_on_plateau", "--lr-scheduler-kwargs", "patience=0"})
        more.emplace_back(flag);
    }
    const std::string whole = "whole-" + optimizer, parts = "parts-" + optimizer;
    const ProgramResult uninterrupted = run(command(whole, more));
    ASSERT_EQ(uninterrupted.exit_code, 0) << uninterrupted.err;
    std::vector<std::string> resumed = command(parts, more);
    for (const std::string checkpoint : {"checkpoint-5", "checkpoint-36", "checkpoint-50"}) {
      Program program(resumed);
      program.wait_until([&] { return exists(parts + "/" + checkpoint); });
      program.signal(SIGKILL);
      program.wait();
      if (resumed.back() != "--resume") resumed.emplace_back("--resume");
    }
    const ProgramResult last = run(resumed);
    ASSERT_EQ(last.exit_code, 0) << last.err;
    EXPECT_EQ(files.read(whole + "/model.safetensors"), files.read(parts + "/model.safetensors"))
        << optimizer;
    EXPECT_EQ(json(whole + "/all_results.json").at("train_loss"),
              json(parts + "/all_results.json").at("train_loss"));
    EXPECT_EQ(json(whole + "/trainer_state.json").at("log_history"),
              json(parts + "/trainer_state.json").at("log_history"));
  }
}

TEST_F(Train, FlagsThatTheOptimizerHasNoUseForAreSaid) {
  const ProgramResult result =
      run(command("out", {"--epochs", "1", "--optim", "sgd", "--adam_beta1", "0.9", "--momentum", "0.9"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--adam-beta1 has no effect: sgd has no such option"));
}

TEST_F(Train, InterruptSavesACheckpointAndExits130) {
  Program program(command("out", {"--epochs", "2000"}));
  ASSERT_TRUE(program.wait_until([&] { return exists("out/checkpoint-12"); }));
  program.signal(SIGINT);
  const ProgramResult stopped = program.wait();
  EXPECT_EQ(stopped.exit_code, 130);
  EXPECT_THAT(stopped.err, HasSubstr("\nStopped "));
  EXPECT_THAT(stopped.err, HasSubstr("the same command with --resume continues from it"));
  EXPECT_THAT(stopped.err, Not(HasSubstr("error:")));
  EXPECT_FALSE(exists("out/model.safetensors"));
  const ProgramResult asked = run({"predict", "--model", path("out")}, "the film was good\n");
  EXPECT_EQ(asked.exit_code, 1);
  EXPECT_THAT(asked.err, HasSubstr("has no config.json, for the training that writes it has not finished"));
  EXPECT_THAT(asked.err, HasSubstr("bertune train --resume, or use " + path("out/checkpoint-")));
  const ProgramResult changed = run(command("out", {"--epochs", "2000", "--resume", "--seed", "9"}));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, HasSubstr("seed: 42 then, 9 now"));
}

TEST_F(Train, AStoppedTrainingIsFinishedWithItsBestModel) {
  std::vector<std::string> arguments = command("out", {"--epochs", "2000", "--test", path("test.csv")});
  Program program(arguments);
  ASSERT_TRUE(program.wait_until([&] { return exists("out/checkpoint-24"); }));
  program.signal(SIGINT);
  arguments.emplace_back("--finish");
  const ProgramResult finished = run(arguments);  // waits until the other has stopped
  EXPECT_EQ(program.wait().exit_code, 130);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("Training stopped early after step"));
  EXPECT_THAT(finished.out, HasSubstr("of 24000"));
  EXPECT_THAT(finished.out, HasSubstr("by --finish; the best accuracy is"));
  EXPECT_TRUE(json("out/all_results.json").contains("test_accuracy"));
  EXPECT_TRUE(exists("out/report.html"));
  EXPECT_THAT(files.read("out/run.yaml"), Not(HasSubstr("finish")));
  for (const auto& entry : std::filesystem::directory_iterator(files.path() / "out"))
    EXPECT_THAT(entry.path().filename().string(), Not(StartsWith("checkpoint-")));
  EXPECT_EQ(run({"predict", "--model", path("out")}, "the film was good\n").exit_code, 0);
  EXPECT_THAT(run(arguments).err, HasSubstr("the run is finished"));
}

TEST_F(Train, FinishNeedsSomethingToFinish) {
  const ProgramResult nothing = run(command("new", {"--finish"}));
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("there is no checkpoint, and so nothing to finish"));
  EXPECT_FALSE(exists("new/config.json"));
  EXPECT_THAT(run(command("new", {"--finish", "--seeds", "2"})).err, HasSubstr("--finish ends one training"));
}

TEST_F(Train, AnEarlierModelIsNotOverwrittenBySlip) {
  ASSERT_EQ(run(command("out", {"--epochs", "1"})).exit_code, 0);
  const ProgramResult refused = run(command("out", {"--epochs", "1"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--overwrite"));
  EXPECT_EQ(run(command("out", {"--epochs", "1", "--overwrite"})).exit_code, 0);
}

TEST_F(Train, TakesTheFlagsOfTransformersScripts) {
  const ProgramResult result = run({"train",
                                    "--model_name_or_path",
                                    path("base"),
                                    "--train_file",
                                    path("train.csv"),
                                    "--validation_file",
                                    path("validation.csv"),
                                    "--output_dir",
                                    path("out"),
                                    "--num_train_epochs",
                                    "1",
                                    "--per_device_train_batch_size",
                                    "8",
                                    "--learning_rate",
                                    "1e-3",
                                    "--max_seq_length",
                                    "32",
                                    "--warmup_steps",
                                    "0.1",
                                    "--do_train",
                                    "--do_eval",
                                    "True",
                                    "--eval_strategy",
                                    "epoch",
                                    "--optim",
                                    "adamw_torch",
                                    "--lr_scheduler_type",
                                    "cosine",
                                    "--overwrite_output_dir"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--do_train is not needed"));
}

TEST_F(Train, WithoutValidationAStratifiedSplitIsMadeAndSaid) {
  const ProgramResult result = run({"train", "--model", path("base"), "--train", path("train.csv"),
                                    "--output", path("out"), "--epochs", "1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("held out, stratified by label"));
}

TEST_F(Train, PairsMultiLabelAndRegression) {
  std::string pairs = "sentence1,sentence2,label\n", many = "text,labels\n", numbers = "text,score\n";
  for (int i = 0; i < 48; ++i) {
    const std::string word = i % 2 == 0 ? "good" : "bad", letter(1, static_cast<char>('a' + i / 2));
    pairs += "the film was " + word + " " + letter + ",the film was good " + letter + "," +
             (i % 2 == 0 ? "same" : "other") + "\n";
    many += "the film was " + word + " " + letter + "," + (i % 2 == 0 ? "x|y" : "z") + "\n";
    numbers += "the film was " + word + " " + letter + "," +
               std::to_string(i % 2 == 0 ? 0.75 + i * 0.001 : 0.25 + i * 0.001) + "\n";
  }
  files.write("pairs.csv", pairs), files.write("many.csv", many), files.write("numbers.csv", numbers);
  const auto train = [&](const std::string& name) {
    return run({"train", "--model", path("base"), "--train", path(name + ".csv"), "--test",
                path(name + ".csv"), "--output", path(name), "--epochs", "8", "--learning-rate", "3e-3",
                "--batch-size", "8", "--ignore-mismatched-sizes"});
  };
  const ProgramResult pair = train("pairs");
  ASSERT_EQ(pair.exit_code, 0) << pair.err;
  EXPECT_GE(json("pairs/all_results.json").at("test_accuracy").get<double>(), 0.9);
  const ProgramResult multi = train("many");
  ASSERT_EQ(multi.exit_code, 0) << multi.err;
  EXPECT_EQ(json("many/config.json").at("problem_type"), "multi_label_classification");
  EXPECT_GE(json("many/all_results.json").at("test_f1_micro").get<double>(), 0.9);
  const ProgramResult regression = train("numbers");
  ASSERT_EQ(regression.exit_code, 0) << regression.err;
  EXPECT_EQ(json("numbers/config.json").at("problem_type"), "regression");
  EXPECT_GE(json("numbers/all_results.json").at("test_pearson").get<double>(), 0.9);
}

TEST_F(Train, JsonOutputIsOnlyJson) {
  const ProgramResult result = run(command("out", {"--epochs", "1", "--json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Json::parse(result.out).contains("eval_accuracy"));
  EXPECT_EQ(result.err, "");
}

// Measuring changes nothing, and adds up.
TEST_F(Train, ProfileIsWrittenAndChangesNoBit) {
  ASSERT_EQ(run(command("plain", {"--epochs", "1"})).exit_code, 0);
  const ProgramResult result = run(command("profiled", {"--epochs", "1", "--profile"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(files.read("profiled/model.safetensors"), files.read("plain/model.safetensors"));
  EXPECT_THAT(result.out, HasSubstr("Profile of"));
  EXPECT_THAT(result.out, HasSubstr("Roofline bound: "));
  const Json trace = Json::parse(files.read("profiled/profile.json"));
  double total = 0, end = 0;
  for (const Json& event : trace.at("traceEvents")) {
    EXPECT_GE(event.at("ts").get<double>(), end - 1);  // one after another
    end = event.at("ts").get<double>() + event.at("dur").get<double>();
    total += event.at("dur").get<double>();
  }
  EXPECT_GT(total, 0);
  EXPECT_LE(total, end + 1);
}

TEST_F(Train, PredictsInInt8AndMeasuresIt) {
  ASSERT_EQ(run(command("out", {"--epochs", "1"})).exit_code, 0);
  const std::string texts =
      files.write("texts.txt", "good film\nbad film\na very good very good film\n").string();
  const auto predict = [&](const std::string& precision, std::vector<std::string> more) {
    std::vector<std::string> words = {"predict",     "--model",        (files.path() / "out").string(),
                                      texts,         "--input-format", "text",
                                      "--precision", precision};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const ProgramResult exact = predict("fp32", {});
  const ProgramResult rounded = predict("int8", {});
  ASSERT_EQ(rounded.exit_code, 0) << rounded.err;
  EXPECT_NE(rounded.out, exact.out);
  const ProgramResult measured =
      predict("int8", {"--profile", "--output", (files.path() / "measured.jsonl").string()});
  ASSERT_EQ(measured.exit_code, 0) << measured.err;
  EXPECT_EQ(files.read("measured.jsonl"), rounded.out);
  EXPECT_THAT(measured.err, HasSubstr("Profile of 1 batch\n"));
  EXPECT_THAT(measured.err, HasSubstr("attention_forward"));
  EXPECT_FALSE(Json::parse(files.read("profile.json")).at("traceEvents").empty());
  const ProgramResult trained = run(command("int8", {"--precision", "int8"}));
  EXPECT_EQ(trained.exit_code, 2);
  EXPECT_THAT(trained.err, HasSubstr("is for predictions"));
}

TEST_F(Train, PrecisionIsSaidAndChecked) {
  const ProgramResult f32 = run(command("f32", {"--epochs", "1", "--precision", "fp32"}));
  ASSERT_EQ(f32.exit_code, 0) << f32.err;
  EXPECT_THAT(f32.err, ::testing::Not(HasSubstr("bf16 (")));
  EXPECT_EQ(run(command("bad", {"--precision", "fp8"})).exit_code, 2);
  const ProgramResult bf16 = run(command("bf16", {"--epochs", "1", "--precision", "bf16"}));
  if (bf16.exit_code == 0) {
    EXPECT_THAT(bf16.err, HasSubstr("matrix multiplications in bf16"));
  } else {
    EXPECT_EQ(bf16.exit_code, 2);
    EXPECT_THAT(bf16.err, HasSubstr("this processor does not multiply bf16"));
  }
}

TEST(Program, VersionAndHelp) {
  const ProgramResult version = run({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, HasSubstr(" threads"));
  for (const std::string command : {"train", "evaluate", "predict", "tokenize", "inspect"}) {
    const ProgramResult help = run({command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("--help")) << command;
  }
}

}  // namespace
}  // namespace bertune
