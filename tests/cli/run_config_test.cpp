// --config and run.yaml as a user meets them.
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

class RunConfig : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", testing::tiny_dataset(40));
  }
  // In the temporary folder, so that paths in files can be relative.
  ProgramResult at(std::vector<std::string> arguments) const {
    return run(arguments, "", [this] { [[maybe_unused]] const int failed = ::chdir(files.path().c_str()); });
  }
  void expect_error(const std::string& text, const std::string& part, const std::string& name = "run.yaml") {
    files.write(name, text);
    const ProgramResult result = at({"train", "--config", name});
    EXPECT_EQ(result.exit_code, 2) << text << result.err;
    EXPECT_THAT(result.err, HasSubstr(part)) << text;
  }
};

const std::string kRun =
    "model: base\ntrain: train.csv\noutput: out\nepochs: 1\nlearning_rate: 3e-3\nbatch-size: 8\nthreads: 1\n";

TEST_F(RunConfig, TheFileOfARunGivesTheSameBits) {
  files.write("run.yaml",
              kRun +
                  "lr_scheduler_type: cosine_with_restarts\nlr-scheduler-kwargs: {num_cycles: 2}\n"
                  "optim-args: amsgrad=true\nhidden-dropout: 0.2\nmax-train-rows: 0x1E\nnesterov: false\n");
  expect_error(files.read("run.yaml"),
               "run.yaml:12: \"max-train-rows\" is the text \"0x1E\"; it must be a whole number");
  std::string text = files.read("run.yaml");
  files.write("run.yaml", text.replace(text.find("0x1E"), 4, "30"));
  const ProgramResult first = at({"train", "--config", "run.yaml", "--quiet"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const ProgramResult again = at({"train", "--config", "out/run.yaml", "--output", "again"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(files.read("out/model.safetensors"), files.read("again/model.safetensors"));
  EXPECT_THAT(again.err, HasSubstr("4 of the 30 training rows are held out"));
  std::string ours = files.read("out/run.yaml"), theirs = files.read("again/run.yaml");
  EXPECT_EQ(ours.replace(ours.find("output: \"out\""), 13, "output: \"again\""), theirs);
  // What was left to the program is there too.
  for (const char* line :
       {"# All settings of a run of bertune train 0.", "\nweight-decay: 0.01\n",
        "\nproblem-type: \"single_label_classification\"\n", "\nmax-length: 40\n",
        "\ntask: \"text-classification\"\n", "\nseed: 42\n", "\nmetric-for-best-model: \"accuracy\"\n",
        "\nlearning-rate: 0.003\n", "\nlr-scheduler-kwargs: \"num_cycles=2\"\n",
        "\noptim-args: \"amsgrad=true,beta1=0.9,beta2=0.999,eps=1e-08,maximize=false\"\n",
        "\nvalidation: null\n"})
    EXPECT_THAT(theirs, HasSubstr(line));
  for (const char* none : {"quiet", "threads", "resume", "help", "config:", "do_train", "bf16: "})
    EXPECT_THAT(theirs, Not(HasSubstr("\n" + std::string(none)))) << none;

  const ProgramResult other = at({"train", "--config", "out/run.yaml", "--output", "other", "--seed", "7"});
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_NE(files.read("other/model.safetensors"), files.read("again/model.safetensors"));
}

// Also options that nobody gave: a later version may have other defaults.
TEST_F(RunConfig, TheFileOfARunHoldsEveryOption) {
  struct Case {
    std::string given;
    std::vector<std::string> lines;
  };
  const std::vector<Case> cases = {
      {"optimizer: muon\nadam_epsilon: 1e-6\nschedule: warmup_stable_decay\n"
       "lr_scheduler_kwargs: {num_decay_steps: 2}\n",
       {"optim-args: "
        "\"adamw_eps=1e-06,adamw_lr_scale=1,adjust_lr_fn=original,beta1=0.9,beta2=0.999,eps=1e-07,"
        "momentum=0.95,nesterov=true,ns_a=3.4445,ns_b=-4.775,ns_c=2.0315,ns_steps=5\"",
        "adam-epsilon: null", "weight-decay: 0.01", "nesterov: null",
        "lr-scheduler-kwargs: \"decay_type=cosine,min_lr_ratio=0,num_cycles=0.5,num_decay_steps=2,"
        "num_stable_steps=none,warmup_type=linear\""}},
      {"optimizer: adafactor\nschedule: reduce_lr_on_plateau\n",
       {"optim-args: \"beta2_decay=-0.8,d=1,eps1=none,eps2=0.001,maximize=false\"", "adam-beta1: null",
        "lr-scheduler-kwargs: "
        "\"cooldown=0,eps=1e-08,factor=0.1,min_lr=0,patience=10,threshold=0.0001,"
        "threshold_mode=rel\""}},
      {"optimizer: sgd\nmomentum: 0.9\nnesterov: true\noptim_args: weight_decay=0.1\n",
       {"optim-args: \"dampening=0,maximize=false,momentum=0.9,nesterov=true\"", "momentum: null",
        "weight-decay: 0.1", "lr-scheduler-kwargs: null"}},
      {"optimizer: lamb\n", {"optim-args: \"beta1=0.9,beta2=0.999,eps=1e-06\""}}};
  for (const Case& each : cases) {
    files.write("run.yaml", kRun + "overwrite: true\n" + each.given);
    const ProgramResult first = at({"train", "--config", "run.yaml"});
    ASSERT_EQ(first.exit_code, 0) << first.err;
    const std::string written = files.read("out/run.yaml");
    for (const std::string& line : each.lines) EXPECT_THAT(written, HasSubstr("\n" + line + "\n"));
    const ProgramResult again =
        at({"train", "--config", "out/run.yaml", "--output", "again", "--overwrite", "--threads", "1"});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_THAT(again.err, Not(HasSubstr("has no effect")));
    EXPECT_EQ(files.read("out/model.safetensors"), files.read("again/model.safetensors")) << each.given;
    std::string repeated = files.read("again/run.yaml");
    EXPECT_EQ(repeated.replace(repeated.find("\"again\""), 7, "\"out\""), written);
  }
}

TEST_F(RunConfig, OptionsOfAnotherOptimizerStayBehind) {
  files.write("run.yaml", kRun +
                              "optim-args: dampening=0.1\noptimizer: sgd\nlr-scheduler-kwargs: num_cycles=2\n"
                              "lr_scheduler_type: cosine\n");
  const ProgramResult other = at({"train", "--config", "run.yaml", "--optim", "adafactor"});
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(other.err, HasSubstr("run.yaml: \"optim-args\" left out, of optimizer sgd, for --optimizer is "
                                   "adafactor"));
  EXPECT_THAT(files.read("out/run.yaml"), HasSubstr("optim-args: \"beta2_decay=-0.8,"));
  EXPECT_THAT(files.read("out/run.yaml"), HasSubstr("lr-scheduler-kwargs: \"num_cycles=2\""));
  const ProgramResult same =
      at({"train", "--config", "run.yaml", "--optimizer", "sgd", "--schedule", "linear", "--output", "same"});
  ASSERT_EQ(same.exit_code, 0) << same.err;
  EXPECT_THAT(files.read("same/run.yaml"), HasSubstr("optim-args: \"dampening=0.1,"));
  EXPECT_THAT(files.read("same/run.yaml"), HasSubstr("lr-scheduler-kwargs: null"));
  // A file that names no optimizer speaks of that of the command line.
  for (const std::string none : {"", "optimizer: null\n"}) {
    files.write("run.yaml", kRun + none + "optim-args: dampening=0.1\n");
    const ProgramResult third =
        at({"train", "--config", "run.yaml", "--optimizer", "sgd", "--output", "third", "--overwrite"});
    ASSERT_EQ(third.exit_code, 0) << third.err;
    EXPECT_THAT(files.read("third/run.yaml"), HasSubstr("optim-args: \"dampening=0.1,"));
  }
}

// One option of the optimizer is changed under either of its names, and the others stay as they were.
TEST_F(RunConfig, SingleOptionsOfTheOptimizerAreChanged) {
  files.write("run.yaml", kRun + "optimizer: sgd\nmomentum: 0.9\n");
  ASSERT_EQ(at({"train", "--config", "run.yaml"}).exit_code, 0);
  const auto written = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> command = {"train", "--config", "out/run.yaml", "--output", name};
    command.insert(command.end(), more.begin(), more.end());
    const ProgramResult result = at(command);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return files.read(name + "/run.yaml");
  };
  EXPECT_THAT(written("b", {"--nesterov"}), HasSubstr("momentum=0.9,nesterov=true"));
  EXPECT_THAT(written("c", {"--momentum", "0.5"}), HasSubstr("momentum=0.5,nesterov=false"));
  const std::string decayed = written("d", {"--optim-args", "weight_decay=0.2,dampening=0.1"});
  EXPECT_THAT(decayed,
              HasSubstr("\noptim-args: \"dampening=0.1,maximize=false,momentum=0.9,nesterov=false\"\n"));
  EXPECT_THAT(decayed, HasSubstr("\nweight-decay: 0.2\n"));
  EXPECT_EQ(at({"train", "--config", "out/run.yaml", "--output", "e", "--momentum", "0.5", "--optim-args",
                "momentum=0.6"})
                .exit_code,
            2);
}

// Short flags of the file's optimizer are not for another one; another name of the same is no other.
TEST_F(RunConfig, ShortFlagsOfAnotherOptimizerStayBehind) {
  files.write("run.yaml", kRun + "optim: adamw_torch\nadam_beta2: 0.98\noptim_args: amsgrad=true\n");
  const ProgramResult lion = at({"train", "--config", "run.yaml", "--optimizer", "lion"});
  ASSERT_EQ(lion.exit_code, 0) << lion.err;
  EXPECT_THAT(lion.err,
              HasSubstr("run.yaml: \"adam-beta2\", \"optim-args\" left out, of optimizer adamw_torch"));
  EXPECT_THAT(files.read("out/run.yaml"), HasSubstr("beta2=0.99\""));
  const ProgramResult same =
      at({"train", "--config", "run.yaml", "--optimizer", "adamw", "--output", "same"});
  ASSERT_EQ(same.exit_code, 0) << same.err;
  EXPECT_THAT(same.err, Not(HasSubstr("left out")));
  EXPECT_THAT(files.read("same/run.yaml"), HasSubstr("amsgrad=true,beta1=0.9,beta2=0.98"));
}

// The metric of a schedule that follows one can be changed, and its direction changes with it.
TEST_F(RunConfig, TheDirectionOfASchedulesMetricFollowsIt) {
  files.write("run.yaml", kRun + "schedule: reduce_lr_on_plateau\nvalidation: train.csv\n");
  ASSERT_EQ(at({"train", "--config", "run.yaml"}).exit_code, 0);
  const auto arguments = [&](const char* name) {
    return json(name + std::string("/bertune.json")).at("arguments");
  };
  EXPECT_EQ(arguments("out").at("metric_for_best_model"), "accuracy");
  EXPECT_EQ(arguments("out").at("lr_scheduler_kwargs").at("mode"), "max");
  ASSERT_EQ(
      at({"train", "--config", "out/run.yaml", "--output", "b", "--metric-for-best-model", "loss"}).exit_code,
      0);
  EXPECT_EQ(arguments("b").at("lr_scheduler_kwargs").at("mode"), "min");
}

TEST_F(RunConfig, TheCommandLineWins) {
  files.write("run.yaml", kRun + "max_steps: 3\nwarmup_steps: 2\n");
  ASSERT_EQ(at({"train", "--config", "run.yaml", "--batch-size", "4", "--output_dir", "b"}).exit_code, 0);
  EXPECT_EQ(json("b/trainer_state.json").at("train_batch_size"), 4);
  EXPECT_EQ(json("b/trainer_state.json").at("max_steps"), 3);
  EXPECT_FALSE(std::filesystem::exists(files.path() / "out"));
  // Whatever the name, and other ways to say the same: --epochs is stronger than the file's max_steps.
  ASSERT_EQ(at({"train", "--num_train_epochs", "2", "--config", "run.yaml", "--warmup_ratio", "0.5",
                "--output", "c"})
                .exit_code,
            0);
  EXPECT_EQ(json("c/trainer_state.json").at("max_steps"), 10);
  EXPECT_THAT(files.read("c/run.yaml"), HasSubstr("\nwarmup-steps: null\n"));
}

TEST_F(RunConfig, TakesWhatTransformersWrites) {
  files.write("args.json", R"({"model_name_or_path": "base", "train_file": "train.csv", "output_dir": "out",
    "per_device_train_batch_size": 16, "per_gpu_train_batch_size": null, "learning_rate": 3e-3, "max_steps": 2,
    "num_train_epochs": 3.0, "warmup_steps": 0, "optim": "adamw_torch_fused", "bf16": false, "fp16": false,
    "gradient_accumulation_steps": 2, "label_smoothing_factor": 0.1, "gradient_checkpointing": false,
    "activation_checkpointing": false, "report_to": [], "eval_strategy": "no",
    "lr_scheduler_type": "linear", "lr_scheduler_kwargs": null, "hub_token": "<HUB_TOKEN>", "do_train": true,
    "accelerator_config": {"split_batches": false}, "logging_steps": 500, "disable_tqdm": false,
    "resume_from_checkpoint": null, "dataloader_num_workers": 0, "metric_for_best_model": null})");
  const ProgramResult result = at({"train", "args.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json("out/trainer_state.json").at("train_batch_size"), 16);
  EXPECT_THAT(result.err,
              HasSubstr("args.json:7: \"accelerator_config\" has no effect: there is one process"));
  EXPECT_THAT(result.err, Not(HasSubstr("hub_token")));  // which Transformers always writes
  EXPECT_THAT(files.read("out/run.yaml"), HasSubstr("\nwarmup-ratio: 0.0\n"));  // no steps: no warm-up
  EXPECT_THAT(files.read("out/run.yaml"), Not(HasSubstr("HUB_TOKEN")));
  EXPECT_EQ(at({"train", "args.json", "--output", "twice", "--seed", "1"}).exit_code, 0);
  EXPECT_THAT(files.read("out/run.yaml"), HasSubstr("\ngradient-accumulation-steps: 2\n"));
  EXPECT_THAT(files.read("out/run.yaml"), HasSubstr("\nlabel-smoothing: 0.1\n"));
  const ProgramResult argument = at({"train", "args.json", "train.csv"});
  EXPECT_EQ(argument.exit_code, 2);
  EXPECT_THAT(argument.err, HasSubstr("not expected: train.csv"));
  expect_error(R"({"neftune_noise_alpha": 5})", "bertune train does not do that", "args.json");
}

TEST_F(RunConfig, WrongFilesSayWhere) {
  expect_error("epochz: 3\n", "run.yaml:1: bertune train has no option \"epochz\"; did you mean \"epochs\"?");
  expect_error("\nlerning_rate: 3\n",
               "run.yaml:2: bertune train has no option \"lerning_rate\"; did you mean "
               "\"learning_rate\"?");
  expect_error("config: run.yaml\n", "no option \"config\"");
  expect_error("help: true\n", "no option \"help\"");
  expect_error("epochs: three\n", "run.yaml:1: \"epochs\" is the text \"three\"; it must be a number");
  expect_error("epochs: \"3\"\n", "is the text \"3\"; it must be a number");
  expect_error("epochs: true\n", "is true; it must be a number");
  expect_error("epochs: [3]\n", "is a list; it must be a number");
  expect_error("seed: 1.5\n", "it must be a whole number of at least 0");
  expect_error("seed: -1\n", "it must be a whole number of at least 0");
  expect_error("seed: 99999999999999999999\n", "it must be a whole number of at least 0");
  expect_error("quiet: yes\n", "it must be true or false");
  expect_error("model: [a, b]\n", "\"model\" is a list; it must be a single value");
  expect_error("model: {a: b}\n", "\"model\" is a mapping; it must be a single value");
  expect_error("epochs: 1\nnum_train_epochs: 2\n",
               "run.yaml:2: \"epochs\" and \"num_train_epochs\" are one option");
  expect_error("optim_args: {betas: {a: 1}}\n" + kRun, "--optim-args: \"betas\"");
  expect_error("train: train.csv\n", "--model is required");
  EXPECT_EQ(at({"train", "--config", "none.yaml"}).exit_code, 1);
  // The values are looked at even where the command line has others.
  files.write("run.yaml", "epochs: three\n");
  EXPECT_EQ(at({"train", "--config", "run.yaml", "--epochs", "3"}).exit_code, 2);
}

TEST_F(RunConfig, OtherCommandsTakeFilesToo) {
  files.write("run.yaml", kRun);
  ASSERT_EQ(at({"train", "--config", "run.yaml"}).exit_code, 0);
  files.write("test.yaml", "model: out\ntest: train.csv\njson: true\nbatch_size: 7\n");
  const ProgramResult tested = at({"evaluate", "--config", "test.yaml"});
  ASSERT_EQ(tested.exit_code, 0) << tested.err;
  EXPECT_TRUE(Json::parse(tested.out).contains("test_accuracy"));
  files.write("predict.json", R"({"model": "out", "test_file": "train.csv", "output_format": "csv"})");
  const ProgramResult predicted = at({"predict", "--config", "predict.json"});
  EXPECT_THAT(predicted.out, ::testing::StartsWith("text,label,score\n")) << predicted.err;

  files.write("text.txt",
              "the film was good.\nthe food was bad.\n\nthe food was fine.\nthe film was poor.\n");
  files.write("more.txt",
              "the film was fine.\nthe film was bad.\n\nthe food was poor.\nthe food was good.\n");
  files.write("pretrain.yaml",
              "model: base\ntrain: [text.txt, more.txt]\noutput: pre\nepochs: 2\nobjective: mlm\n");
  const ProgramResult pretrained = at({"pretrain", "--config", "pretrain.yaml"});
  ASSERT_EQ(pretrained.exit_code, 0) << pretrained.err;
  EXPECT_THAT(files.read("pre/run.yaml"), HasSubstr("\ntrain: [\"text.txt\",\"more.txt\"]\n"));
  ASSERT_EQ(at({"pretrain", "--config", "pre/run.yaml", "--output", "pre2"}).exit_code, 0);
  EXPECT_EQ(files.read("pre/model.safetensors"), files.read("pre2/model.safetensors"));
  // A list on the command line takes the place of the file's.
  ASSERT_EQ(at({"pretrain", "--config", "pre/run.yaml", "--output", "pre3", "--train", "text.txt"}).exit_code,
            0);
  EXPECT_THAT(files.read("pre3/run.yaml"), HasSubstr("\ntrain: [\"text.txt\"]\n"));
  const ProgramResult sizes = at({"pretrain", "--config", "base/config.json"});
  EXPECT_EQ(sizes.exit_code, 2);
  EXPECT_THAT(sizes.err, HasSubstr("--config-name"));
}

}  // namespace
}  // namespace bertune
