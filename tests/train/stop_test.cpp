// The loop answers the stop token of its caller.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <variant>
#include <vector>

#include "bertune/error.h"
#include "support/temporary_directory.h"
#include "train/evaluation.h"
#include "train/made_run.h"
#include "train/trainer.h"

namespace bertune::train::stop_test {
namespace {

using testing::MadeExamples;
using testing::MadeTask;

const testing::Kind kKind = testing::every_kind().front();

// Requests a stop after a step, or while a validation set is evaluated.
struct Stopper : Observer {
  std::stop_source stop;
  std::int64_t at_step = -1, step = 0;
  bool in_evaluation = false;
  void on(const Event& event) override {
    if (const auto* done = std::get_if<StepEvent>(&event)) {
      step = done->step;
      if (step == at_step) stop.request_stop();
    }
    if (std::holds_alternative<EvaluationProgress>(event) && in_evaluation) stop.request_stop();
  }
};

class Stop : public ::testing::Test {
 protected:
  std::vector<float> train(Stopper& stopper, const char* output, bool resume) {
    TrainingArguments arguments;
    arguments.num_train_epochs = 3;
    arguments.output_dir = folder_.path() / output;
    arguments.resume = resume;
    return testing::weights_of_run(kKind, arguments, stopper, stopper.stop.get_token());
  }

  bertune::testing::TemporaryDirectory folder_;
  MadeTask task_{kKind};
};

TEST_F(Stop, AfterAStepLeavesACheckpointThatGoesOnToTheSameBits) {
  Stopper never, at_fourth;
  const std::vector<float> whole = train(never, "whole", false);
  at_fourth.at_step = 4;
  EXPECT_THROW(train(at_fourth, "stopped", false), Interrupted);
  EXPECT_EQ(at_fourth.step, 4);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "stopped" / "checkpoint-4"));
  Stopper resumed;
  EXPECT_EQ(train(resumed, "stopped", true), whole);
}

TEST_F(Stop, InAnEvaluationLeavesACheckpointThatGoesOnToTheSameBits) {
  Stopper never, evaluating;
  const std::vector<float> whole = train(never, "whole", false);
  evaluating.in_evaluation = true;
  EXPECT_THROW(train(evaluating, "stopped", false), Interrupted);
  EXPECT_EQ(evaluating.step, 3);
  Stopper resumed;
  EXPECT_EQ(train(resumed, "stopped", true), whole);
}

TEST_F(Stop, OfAnEvaluationAlone) {
  BertPreTrainedModel model = testing::make_model(kKind);
  MadeExamples rows(kKind, 12);
  std::stop_source stop;
  std::int64_t done = 0;
  const auto progress = [&](std::int64_t rows_done) {
    done = rows_done;
    if (done == 8) stop.request_stop();
  };
  EXPECT_THROW(evaluate(model, task_, rows, 4, progress, stop.get_token()), Interrupted);
  EXPECT_EQ(done, 8);
}

}  // namespace
}  // namespace bertune::train::stop_test
