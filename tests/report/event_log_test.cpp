#include "report/event_log.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "core/json.h"
#include "support/temporary_directory.h"

namespace bertune::report {
namespace {

class Counter : public train::Observer {
 public:
  void on(const Event& /*event*/) override { ++events; }
  int events = 0;
};

std::vector<Json> lines_of(const testing::TemporaryDirectory& files) {
  std::vector<Json> lines;
  std::istringstream text(files.read("events"));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

TEST(EventLog, WritesStepsNowAndThenAndEverythingElseAtOnce) {
  const testing::TemporaryDirectory files;
  Counter next;
  EventLog log(next, files.path() / "events");
  for (std::int64_t step = 1; step <= 100; ++step)
    log.on(StepEvent{.step = step, .total_steps = 200, .loss = static_cast<double>(step)});
  EvaluationEvent evaluation;
  evaluation.epoch = 1, evaluation.step = 100;
  evaluation.metrics.values = {{"accuracy", 0.5}};
  log.on(evaluation);
  log.on(StepEvent{.step = 200, .total_steps = 200, .loss = 7});
  EXPECT_EQ(next.events, 102);
  const std::vector<Json> lines = lines_of(files);
  ASSERT_GE(lines.size(), 4U);
  EXPECT_LT(lines.size(), 20U);
  EXPECT_EQ(lines.front().at("step"), 1);
  const Json& before = lines[lines.size() - 3];
  EXPECT_EQ(before.at("step"), 100);
  EXPECT_GT(before.at("loss").get<double>(), 20);  // the mean of those that were left out
  EXPECT_LT(before.at("loss").get<double>(), 100);
  EXPECT_EQ(lines[lines.size() - 2].at("event"), "evaluation");
  EXPECT_EQ(lines.back().at("loss"), 7.0);
  EXPECT_GT(lines.back().at("time").get<double>(), 1e9);
}

TEST(EventLog, ARunThatContinuesAddsToIt) {
  const testing::TemporaryDirectory files;
  Counter next;
  for (int start = 0; start < 2; ++start) {
    EventLog log(next, files.path() / "events");
    log.on(Resumed{.step = start, .checkpoint = {}});
  }
  EXPECT_EQ(lines_of(files).size(), 2U);
  EXPECT_THROW(EventLog(next, files.path() / "no/such/folder"), Error);
  EventLog none(next, "");
  none.on(Note{"nothing is written"});
  EXPECT_EQ(next.events, 3);
}

}  // namespace
}  // namespace bertune::report
