// Fine-tuning from files by the public header, beside the program that does the same.
#include "bertune/trainer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/predictor.h"
#include "bertune/pretraining.h"
#include "support/program.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TrainerOfFiles : public ::testing::Test {
 protected:
  TrainerOfFiles() {
    testing::write_tiny_checkpoint(files_.path() / "model");
    files_.write("train.csv", testing::tiny_dataset(96));
    files_.write("test.csv", testing::tiny_dataset(40, 200));
  }

  TrainOptions options(const std::string& output) const {
    TrainOptions options;
    options.model = files_.path() / "model";
    options.train = files_.path() / "train.csv";
    options.test = files_.path() / "test.csv";
    options.arguments.output_dir = files_.path() / output;
    options.arguments.learning_rate = 5e-3;
    options.arguments.train_batch_size = 16;
    options.arguments.precision = Precision::fp32;
    return options;
  }

  std::string weights(const std::string& output) const { return files_.read(output + "/model.safetensors"); }

  testing::TemporaryDirectory files_;
};

// The kinds of events in their order, those that repeat named once.
struct Kinds {
  std::vector<std::string> names;
  std::vector<std::int64_t> steps;

  void operator()(const Event& event) {
    constexpr const char* kNames[] = {
        "note",   "data",     "text",       "model",      "plan",       "loss",  "resumed",
        "step",   "progress", "evaluated",  "early stop", "checkpoint", "ended", "saved",
        "tested", "fold",     "fold ended", "seed",       "seed ended", "trial", "trial ended"};
    static_assert(std::size(kNames) == std::variant_size_v<Event>);
    if (const auto* step = std::get_if<StepEvent>(&event)) steps.push_back(step->step);
    const std::string name = kNames[event.index()];
    if (names.empty() || names.back() != name) names.push_back(name);
  }
};

TEST_F(TrainerOfFiles, TrainsAndTestsAndTellsWhatHappens) {
  TrainOptions options = this->options("output");
  options.arguments.num_train_epochs = 2;
  Kinds kinds;
  options.on_event = std::ref(kinds);
  const TrainResult result = fine_tune(options);
  // 86 rows and 10 held out: 6 steps of 16 an epoch.
  EXPECT_EQ(result.steps, 12);
  EXPECT_EQ(result.task, "text-classification");
  EXPECT_GT(result.runtime, 0);
  ASSERT_TRUE(result.validation && result.test);
  EXPECT_EQ(result.test->rows, 40);
  EXPECT_THAT(kinds.names,
              ElementsAre("data", "model", "plan", "step", "progress", "evaluated", "checkpoint", "step",
                          "progress", "evaluated", "ended", "saved", "progress", "tested"));
  EXPECT_THAT(kinds.steps, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

TEST_F(TrainerOfFiles, TellsWhatIsOddInTheData) {
  files_.write("test.csv", "text,label\nthe film was good a,negative\nnew,positive\n");
  TrainOptions options = this->options("output");
  options.arguments.max_steps = 1, options.validation_split = 0;
  std::vector<Finding> told;
  options.on_event = [&](const Event& event) {
    if (const auto* data = std::get_if<DataRead>(&event)) told = data->findings;
  };
  const TrainResult result = fine_tune(options);
  ASSERT_FALSE(result.findings.empty());
  EXPECT_EQ(result.findings[0].kind, FindingKind::leak);
  EXPECT_EQ(result.findings[0].with_other_label, 1);
  EXPECT_THAT(result.findings[0].where, ElementsAre((files_.path() / "test.csv:2").string()));
  EXPECT_THAT(to_string(result.findings[0]),
              HasSubstr("test: 1 row (50.0%) also appears in train, 1 with a different label"));
  ASSERT_EQ(told.size(), result.findings.size());
  EXPECT_EQ(told[0].where, result.findings[0].where);
  options = this->options("unchecked");
  options.arguments.max_steps = 1, options.check_data = false;
  EXPECT_TRUE(fine_tune(options).findings.empty());
}

TEST_F(TrainerOfFiles, LeavesAModelThatAPredictorReads) {
  TrainOptions options = this->options("output");
  options.arguments.num_train_epochs = 10;
  const TrainResult result = fine_tune(options);
  EXPECT_GT(result.test->value("accuracy"), 0.9);
  const Predictor predictor(result.folder);
  for (const auto& [text, label] :
       {std::pair{"the soup was very good b", "positive"}, std::pair{"the plot was poor", "negative"}})
    EXPECT_EQ(std::get<Label>(predictor.predict({.text = text})).label, label) << text;
}

TEST_F(TrainerOfFiles, GivesTheProgramsWeights) {
  fine_tune(options("output"));
  const testing::ProgramResult program =
      testing::run({"train", "--model", (files_.path() / "model").string(), "--train",
                    (files_.path() / "train.csv").string(), "--test", (files_.path() / "test.csv").string(),
                    "--output", (files_.path() / "of_program").string(), "--learning-rate", "5e-3",
                    "--batch-size", "16", "--precision", "fp32", "--quiet"});
  ASSERT_EQ(program.exit_code, 0) << program.err;
  EXPECT_EQ(weights("output"), weights("of_program"));
}

TEST_F(TrainerOfFiles, StopsWhenAskedAndGoesOnToTheSameWeights) {
  TrainOptions options = this->options("stopped");
  std::stop_source source;
  options.stop = source.get_token();
  options.on_event = [&](const Event& event) {
    if (const auto* step = std::get_if<StepEvent>(&event); step != nullptr && step->step == 4)
      source.request_stop();
  };
  EXPECT_THROW(fine_tune(options), Interrupted);
  EXPECT_TRUE(std::filesystem::exists(files_.path() / "stopped" / "checkpoint-4"));

  options.stop = {};
  options.arguments.resume = true;
  std::int64_t resumed = -1;
  options.on_event = [&](const Event& event) {
    if (const auto* after = std::get_if<Resumed>(&event)) resumed = after->step;
  };
  fine_tune(options);
  EXPECT_EQ(resumed, 4);
  fine_tune(this->options("at_once"));
  EXPECT_EQ(weights("stopped"), weights("at_once"));
}

TEST_F(TrainerOfFiles, WhatTheCallbackThrowsEndsTheRun) {
  TrainOptions options = this->options("output");
  options.on_event = [](const Event& event) {
    if (std::holds_alternative<EvaluationEvent>(event)) throw std::runtime_error("enough");
  };
  EXPECT_THROW(fine_tune(options), std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(files_.path() / "output" / "model.safetensors"));
}

TEST_F(TrainerOfFiles, RefusesWhatCannotBeAndNamesTheOption) {
  const auto refused = [](const TrainOptions& options) -> std::string {
    try {
      fine_tune(options);
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("`" + error.option()));
      return error.option();
    }
    return "nothing";
  };
  TrainOptions options = this->options("output");
  options.validation_split = 1.5;
  EXPECT_EQ(refused(options), "validation_split");
  options = this->options("output");
  options.classifier_dropout = -0.1;
  EXPECT_EQ(refused(options), "classifier_dropout");
  options = this->options("output");
  options.arguments.resume = options.overwrite = true;
  EXPECT_EQ(refused(options), "resume");
  options = this->options("train.csv");
  EXPECT_EQ(refused(options), "output");
}

TEST_F(TrainerOfFiles, CrossValidatesAsTheProgramDoes) {
  TrainOptions options = this->options("folds");
  std::vector<std::int64_t> ended;
  options.on_event = [&](const Event& event) {
    if (const auto* fold = std::get_if<FoldEnded>(&event)) ended.push_back(fold->fold);
  };
  const CrossValidation done = cross_validate(options, {.folds = 3, .keep_models = true});
  EXPECT_THAT(ended, ElementsAre(0, 1, 2));
  EXPECT_EQ(done.task, "text-classification");
  ASSERT_EQ(done.folds.size(), 3U);
  const double mean =
      (done.folds[0].at("accuracy") + done.folds[1].at("accuracy") + done.folds[2].at("accuracy")) / 3;
  EXPECT_DOUBLE_EQ(done.mean.at("accuracy"), mean);
  EXPECT_GT(done.standard_deviation.at("loss"), 0);
  ASSERT_EQ(done.models.size(), 3U);
  EXPECT_EQ(Predictor(done.models[2]).labels().size(), 2U);
  const testing::ProgramResult program =
      testing::run({"train", "--model", options.model.string(), "--train", options.train.string(), "--output",
                    (files_.path() / "of_program").string(), "--learning-rate", "5e-3", "--batch-size", "16",
                    "--precision", "fp32", "--folds", "3", "--quiet"});
  ASSERT_EQ(program.exit_code, 0) << program.err;
  EXPECT_EQ(files_.read("folds/out_of_fold.jsonl"), files_.read("of_program/out_of_fold.jsonl"));
}

TEST_F(TrainerOfFiles, TrainsSeveralSeeds) {
  TrainOptions options = this->options("seeds");
  std::vector<std::uint64_t> ended;
  options.on_event = [&](const Event& event) {
    if (const auto* seed = std::get_if<SeedEnded>(&event)) ended.push_back(seed->seed);
  };
  const SeedRuns done = train_seeds(options, {.seeds = 2, .keep_all = true});
  EXPECT_THAT(ended, ElementsAre(42, 43));
  ASSERT_EQ(done.runs.size(), 2U);
  ASSERT_TRUE(done.best);
  const double first = done.runs[0].metrics.at("test_loss"), second = done.runs[1].metrics.at("test_loss");
  EXPECT_DOUBLE_EQ(done.mean.at("test_loss"), (first + second) / 2);
  EXPECT_DOUBLE_EQ(done.maximum.at("test_loss"), std::max(first, second));
  EXPECT_EQ(weights("seeds"), weights("seeds/seed-" + std::to_string(done.runs[*done.best].seed)));
  // One of them alone, on the same rows.
  TrainOptions alone = this->options("alone");
  alone.arguments.seed = 43, alone.split_seed = 42;
  const TrainResult result = fine_tune(alone);
  EXPECT_EQ(result.test->value("loss"), second);
  EXPECT_EQ(weights("alone"), weights("seeds/seed-43"));
  EXPECT_THROW(train_seeds(this->options("one"), {.seeds = 1}), UsageError);
}

TEST_F(TrainerOfFiles, RefusesASingleFold) {
  EXPECT_THROW(cross_validate(options("folds"), {.folds = 1}), UsageError);
}

// Sentences of a few words, eight documents of them.
std::string little_text() {
  std::string text;
  for (int document = 0; document < 8; ++document) {
    for (const char* first : {"the film", "the food", "not the film"})
      text += std::string(first) + (document % 2 == 0 ? " was good.\n" : " was very poor.\n");
    text += "\n";
  }
  return text;
}

TEST_F(TrainerOfFiles, PretrainsAsTheProgramDoes) {
  files_.write("text.txt", little_text());
  PretrainOptions options;
  options.model = files_.path() / "model";
  options.train = options.validation = {files_.path() / "text.txt"};
  options.arguments.output_dir = files_.path() / "pretrained";
  options.arguments.max_steps = 3, options.arguments.precision = Precision::fp32;
  options.max_length = 24;
  const TrainResult result = pretrain(options);
  EXPECT_EQ(result.steps, 3);
  EXPECT_EQ(result.task, "pretraining");
  ASSERT_TRUE(result.validation);
  EXPECT_GT(result.validation->value("perplexity"), 1);
  const testing::ProgramResult program = testing::run(
      {"pretrain", "--model", options.model.string(), "--train", options.train[0].string(), "--validation",
       options.train[0].string(), "--output", (files_.path() / "of_program").string(), "--max-steps", "3",
       "--precision", "fp32", "--max-length", "24", "--quiet"});
  ASSERT_EQ(program.exit_code, 0) << program.err;
  EXPECT_EQ(weights("pretrained"), weights("of_program"));
}

TEST_F(TrainerOfFiles, PretrainingNeedsTextAndOneBeginning) {
  PretrainOptions options;
  options.model = files_.path() / "model";
  options.arguments.output_dir = files_.path() / "pretrained";
  EXPECT_THROW(pretrain(options), UsageError);
  options.train = {files_.path() / "train.csv"}, options.config = files_.path() / "model" / "config.json";
  EXPECT_THROW(pretrain(options), UsageError);
  EXPECT_FALSE(std::filesystem::exists(files_.path() / "pretrained"));
}

}  // namespace
}  // namespace bertune
