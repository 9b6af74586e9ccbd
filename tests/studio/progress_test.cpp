// How far a training is, by the lines of its events.
#include <gtest/gtest.h>

#include <string>

#include "studio/progress.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using studio::Progress;
using testing::TemporaryDirectory;

std::string step_line(int step, double loss, double time) {
  return R"({"event":"step","step":)" + std::to_string(step) + R"(,"total_steps":100,"epoch":0.5,"loss":)" +
         std::to_string(loss) + R"(,"time":)" + std::to_string(time) + "}";
}

TEST(StudioProgress, TimeLeftFollowsFromTheStepsOfThisStart) {
  Progress progress;
  progress.take(R"({"event":"data_read","train_rows":12,"time":1})");
  progress.take(R"({"event":"run_planned","total_steps":100,"time":2})");
  EXPECT_FALSE(progress.json().contains("seconds_left"));
  progress.take(step_line(10, 2, 10));
  progress.take(step_line(20, 1, 15));
  const OrderedJson json = progress.json();
  EXPECT_EQ(json.at("phase"), "training");
  EXPECT_EQ(json.at("train_rows"), 12);
  EXPECT_DOUBLE_EQ(json.at("seconds_left").get<double>(), 40);
  EXPECT_EQ(json.at("loss").dump(), "[[10,2.0],[20,1.0]]");
}

TEST(StudioProgress, ARunThatContinuesForgetsWhatCameBehindItsCheckpoint) {
  Progress progress;
  for (const int step : {10, 20, 30}) progress.take(step_line(step, 1, step));
  progress.take(R"({"event":"evaluation","step":30,"epoch":1,"best":true,"metrics":{"accuracy":0.5}})");
  progress.take(R"({"event":"resumed","step":20,"time":100})");
  const OrderedJson json = progress.json();
  EXPECT_EQ(json.at("step"), 20);
  EXPECT_EQ(json.at("loss").size(), 2U);
  EXPECT_TRUE(json.at("evaluations").empty());
  EXPECT_FALSE(json.contains("seconds_left"));
}

TEST(StudioProgress, ManyStepsBecomeMeans) {
  Progress progress;
  for (int step = 1; step <= 5000; ++step) progress.take(step_line(step, step % 2, step));
  const OrderedJson loss = progress.json().at("loss");
  EXPECT_LE(loss.size(), 400U);
  EXPECT_GE(loss.size(), 150U);
  EXPECT_EQ(loss.back().at(0), 5000);
  for (const OrderedJson& point : loss) EXPECT_NEAR(point.at(1).get<double>(), 0.5, 0.51);
}

TEST(StudioProgress, TheLastStepIsThereWhenPointsAreMerged) {
  Progress progress;
  for (int step = 1; step <= 900; ++step) {
    progress.take(step_line(step, 1, step));
    ASSERT_EQ(progress.json().at("loss").back().at(0), step);
  }
}

TEST(StudioProgress, LinesThatAreNoEventsAreLeftOut) {
  Progress progress;
  for (const char* line :
       {"", "{", "[1]", R"({"event":7})", R"({"event":"step","step":"x"})", R"({"event":"evaluation"})"})
    progress.take(line);
  EXPECT_EQ(progress.json().at("step"), 0);
}

TEST(StudioProgress, AFileIsReadAsItGrows) {
  const TemporaryDirectory files;
  const auto file = files.path() / "events";
  Progress progress;
  progress.read(file);
  files.write("events", step_line(1, 3, 1) + "\n" + step_line(2, 2, 2).substr(0, 10));
  progress.read(file);
  EXPECT_EQ(progress.json().at("step"), 1);
  files.write("events", step_line(1, 3, 1) + "\n" + step_line(2, 2, 2) + "\n");
  progress.read(file);
  EXPECT_EQ(progress.json().at("step"), 2);
  files.write("events", step_line(1, 9, 1) + "\n");  // another run
  progress.read(file);
  EXPECT_EQ(progress.json().at("loss").dump(), "[[1,9.0]]");
}

}  // namespace
}  // namespace bertune
