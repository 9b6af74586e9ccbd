// Early stopping in the loop: a run that is killed anywhere stops where it would have stopped, and one that
// is to be finished stops where it stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"
#include "train/made_task.h"
#include "train/trainer.h"

namespace bertune::train::early_stopping_test {
namespace {

using ::testing::HasSubstr;
using testing::MadeExamples;
using testing::MadeTask;

struct Killed {};

// Remembers the step, and kills the run at one of its checkpoints or before it is written.
struct Watcher : Observer {
  std::int64_t step = 0, steps = 0, evaluations = 0;
  std::int64_t kill_after_checkpoints = -1, kill_after_evaluations = -1;
  std::string stopped;
  void on(const Event& event) override {
    if (const auto* resumed = std::get_if<Resumed>(&event)) step = resumed->step;
    if (const auto* done = std::get_if<StepEvent>(&event)) step = done->step, ++steps;
    if (const auto* stop = std::get_if<EarlyStop>(&event)) stopped = stop->why;
    if (std::holds_alternative<EvaluationEvent>(event)) {
      ++evaluations;
      if (--kill_after_evaluations == 0) throw Killed();
    }
    if (std::holds_alternative<CheckpointSaved>(event) && --kill_after_checkpoints == 0) throw Killed();
  }
};

const testing::Kind kKind = testing::every_kind().front();
constexpr std::int64_t kStepsPerEpoch = 3;

class EarlyStopping : public ::testing::Test {
 protected:
  EarlyStopping() {
    arguments_.num_train_epochs = 8;
    arguments_.train_batch_size = 8;
    arguments_.precision = Precision::fp32;
    arguments_.early_stopping_patience = 2;
    task_.accuracy = [this] {
      return metrics_.at(static_cast<std::size_t>(watcher_.step / steps_an_evaluation_));
    };
  }

  // The metric follows from the step: the first is asked for before training.
  TrainingResult train(const std::filesystem::path& output, bool with_validation = true) {
    BertPreTrainedModel model = testing::make_model(kKind);
    arguments_.output_dir = output;
    MadeExamples rows(kKind, 8 * kStepsPerEpoch), validation(kKind, 4);
    Trainer trainer(model, tokenizer_, arguments_, watcher_, task_, [](std::int64_t) { return "row"; });
    TrainingResult result = trainer.train(rows, with_validation ? &validation : nullptr);
    const auto values = std::as_const(model).parameters().values();
    weights_.assign(values.begin(), values.end());
    return result;
  }

  bertune::testing::TemporaryDirectory folder_;
  const BertTokenizer tokenizer_ = testing::tiny_tokenizer();
  std::vector<double> metrics_ = {0, 0.5, 0.7, 0.6, 0.71, 0.70, 0.705, 0.9, 0.95};  // stops after epoch 6
  std::int64_t steps_an_evaluation_ = kStepsPerEpoch;
  Watcher watcher_;
  MadeTask task_{kKind};
  TrainingArguments arguments_;
  std::vector<float> weights_;
};

TEST_F(EarlyStopping, StopsKeepsTheBestAndSaysWhy) {
  const TrainingResult result = train(folder_.path() / "out");
  EXPECT_EQ(result.state.global_step, 6 * kStepsPerEpoch);
  EXPECT_EQ(result.state.best_step, 4 * kStepsPerEpoch);
  EXPECT_TRUE(result.kept_best);
  EXPECT_THAT(result.stopped_early,
              HasSubstr("step 18 of 24 (epoch 6): no gain in accuracy in 2 evaluations"));
  EXPECT_THAT(result.stopped_early, HasSubstr("0.7100, at step 12"));
  EXPECT_EQ(watcher_.stopped, result.stopped_early);
  EXPECT_EQ(result.state.log_history.back().at("stopped_early"), result.stopped_early);
  const Json state = trainer_state(result.state, arguments_.to_json(), result.plan, folder_.path());
  const Json& callback = state.at("stateful_callbacks").at("EarlyStoppingCallback");
  EXPECT_EQ(callback.at("args").at("early_stopping_patience"), 2);
  EXPECT_EQ(callback.at("args").at("early_stopping_threshold"), 0.0);
  EXPECT_EQ(callback.at("attributes").at("early_stopping_patience_counter"), 2);
}

TEST_F(EarlyStopping, ThresholdAndPatience) {
  arguments_.early_stopping_threshold = 0.05;  // 0.71 is no gain over 0.7
  EXPECT_EQ(train(folder_.path() / "threshold").state.global_step, 4 * kStepsPerEpoch);
  watcher_ = {};
  arguments_.early_stopping_threshold = 0, arguments_.early_stopping_patience = 3;
  const TrainingResult result = train(folder_.path() / "patient");
  EXPECT_EQ(result.state.global_step, 8 * kStepsPerEpoch);
  EXPECT_EQ(result.stopped_early, "");
}

// Its end is the plan's, even where patience runs out there.
TEST_F(EarlyStopping, NotAtTheLastStep) {
  arguments_.num_train_epochs = 6;
  const TrainingResult result = train(folder_.path() / "out");
  EXPECT_EQ(result.state.global_step, 6 * kStepsPerEpoch);
  EXPECT_EQ(result.stopped_early, "");
}

TEST_F(EarlyStopping, AResumedRunStopsWhereItWouldHave) {
  const TrainingResult whole = train(folder_.path() / "whole");
  const std::vector<float> expected = weights_;
  for (std::int64_t kill = 1; kill <= 6; ++kill) {
    for (const bool saved : {true, false}) {  // after the checkpoint of an evaluation, or before it
      SCOPED_TRACE("killed at evaluation " + std::to_string(kill) + (saved ? ", saved" : ""));
      const auto output = folder_.path() / ("parts" + std::to_string(kill) + (saved ? "s" : ""));
      watcher_ = {};
      (saved ? watcher_.kill_after_checkpoints : watcher_.kill_after_evaluations) = kill;
      arguments_.resume = false;
      EXPECT_THROW(train(output), Killed);
      watcher_ = {};
      arguments_.resume = true;
      const TrainingResult result = train(output);
      EXPECT_EQ(result.state.global_step, whole.state.global_step);
      EXPECT_EQ(result.stopped_early, whole.stopped_early);
      EXPECT_EQ(result.state.log_history, whole.state.log_history);
      EXPECT_EQ(weights_, expected);
    }
  }
}

// A run of eight epochs that was killed after so many checkpoints, and then is finished.
class Finish : public EarlyStopping {
 protected:
  Finish() {
    arguments_.early_stopping_patience = 0;
    arguments_.save_steps = 2;  // checkpoints of steps 2, 3, 4, 6, 8, 9, 10, ...
  }

  TrainingResult finish_after(std::int64_t checkpoints, bool with_validation = true) {
    const auto output = folder_.path() / "out";
    watcher_.kill_after_checkpoints = checkpoints;
    EXPECT_THROW(train(output, with_validation), Killed);
    watcher_ = {};
    arguments_.resume = arguments_.finish = true;
    TrainingResult result = train(output, with_validation);
    EXPECT_EQ(watcher_.steps, 0);
    EXPECT_EQ(watcher_.stopped, result.stopped_early);
    EXPECT_EQ(result.state.log_history.back().at("stopped_early"), result.stopped_early);
    return result;
  }
  std::vector<float> weights_in(const char* checkpoint) {
    BertPreTrainedModel model = testing::make_model(kKind);
    model.load_weights(folder_.path() / "out" / checkpoint);
    const auto values = std::as_const(model).parameters().values();
    return {values.begin(), values.end()};
  }
};

TEST_F(Finish, KeepsAnEarlierModelWhereThatIsBetter) {
  const TrainingResult result = finish_after(7);
  EXPECT_EQ(result.state.global_step, 10);
  EXPECT_EQ(watcher_.evaluations, 1);  // of step 10
  EXPECT_TRUE(result.kept_best);
  EXPECT_EQ(weights_, weights_in("checkpoint-6"));
  EXPECT_EQ(
      result.stopped_early,
      "stopped early after step 10 of 24 (epoch 3.333) by `finish`; the best accuracy is 0.7000, at step 6");
}

TEST_F(Finish, KeepsTheLastModelWhereThatIsBest) {
  task_.accuracy = [this] { return watcher_.step == 8 ? 0.99 : 0.5; };
  const TrainingResult result = finish_after(5);
  EXPECT_EQ(result.state.best_step, 8);
  EXPECT_FALSE(result.kept_best);
  EXPECT_EQ(weights_, weights_in("checkpoint-8"));
}

TEST_F(Finish, KeepsTheLastModelWithoutAValidationSet) {
  const TrainingResult result = finish_after(3, false);
  EXPECT_EQ(weights_, weights_in("checkpoint-4"));
  EXPECT_EQ(result.stopped_early, "stopped early after step 4 of 24 (epoch 1.333) by `finish`");
}

TEST_F(Finish, NeedsACheckpointAndResume) {
  arguments_.resume = arguments_.finish = true;
  EXPECT_THROW(train(folder_.path() / "nothing"), UsageError);
  EXPECT_EQ(watcher_.steps, 0);
  arguments_.resume = false;
  EXPECT_THROW(validate(arguments_), UsageError);
}

TEST_F(EarlyStopping, EvaluationsEverySoManySteps) {
  steps_an_evaluation_ = arguments_.eval_steps = 2;
  const TrainingResult result = train(folder_.path() / "steps");
  EXPECT_EQ(result.state.global_step, 12);
  EXPECT_EQ(watcher_.evaluations, 6);
  EXPECT_EQ(result.state.best_step, 8);
  EXPECT_TRUE(result.kept_best);
  const Json state = trainer_state(result.state, arguments_.to_json(), result.plan, folder_.path());
  EXPECT_EQ(state.at("eval_steps"), 2);
  watcher_ = {};
  arguments_.early_stopping_patience = 0, arguments_.num_train_epochs = 1;
  EXPECT_EQ(train(folder_.path() / "end").state.global_step, 3);
  EXPECT_EQ(watcher_.evaluations, 2);  // after step 2, and at the end
}

TEST_F(EarlyStopping, NeedsAValidationSet) {
  const auto message = [&] {
    try {
      train(folder_.path() / "out", false);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message(), HasSubstr("`early_stopping_patience` needs a validation set"));
  arguments_.early_stopping_patience = 0, arguments_.eval_steps = 5;
  EXPECT_THAT(message(), HasSubstr("`eval_steps` needs a validation set"));
  EXPECT_THAT(message(), HasSubstr("`validation_split=0.1`"));
}

}  // namespace
}  // namespace bertune::train::early_stopping_test
