// bertune inspect --network: what more machines would gain, as text and as JSON.
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

class InspectNetwork : public testing::ProgramTest {
 protected:
  void SetUp() override { testing::write_tiny_checkpoint(files.path() / "base"); }
  ProgramResult inspect(const std::vector<std::string>& more) const {
    std::vector<std::string> command = {"inspect", path("base"), "--network"};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
  }
};

TEST_F(InspectNetwork, ShowsAColumnForEachLinkAndAdvice) {
  const ProgramResult usual = inspect({"--step-seconds", "0.1", "--machines", "64"});
  ASSERT_EQ(usual.exit_code, 0) << usual.err;
  EXPECT_THAT(usual.out, HasSubstr("takes 0.1 s (as given)"));
  for (const char* link : {"1GbE", "10GbE", "25GbE", "InfiniBand"}) EXPECT_THAT(usual.out, HasSubstr(link));
  EXPECT_THAT(usual.out, HasSubstr("\n        64  "));
  EXPECT_THAT(usual.out, Not(HasSubstr("\n       128  ")));
  EXPECT_THAT(usual.out, HasSubstr("InfiniBand: with 8 machines a step computes for 0.1 s and waits "));
  EXPECT_THAT(usual.out, HasSubstr(" 64 machines do the work of "));
}

TEST_F(InspectNetwork, SaysWhenMoreMachinesAreOfLittleUse) {
  const ProgramResult slow = inspect({"--step-seconds", "0.001", "--link", "100,0.001"});
  EXPECT_THAT(slow.out, HasSubstr("A second machine is of little use: take more cores"));
}

TEST_F(InspectNetwork, GivesJson) {
  const Json all = Json::parse(inspect({"--step-seconds", "2", "--link", "30,8", "--json"}).out);
  EXPECT_EQ(all.at("step_seconds"), 2.0);
  const Json& link = all.at("links").at(0);
  EXPECT_EQ(link.at("bytes_per_second"), 1e9);
  EXPECT_EQ(link.at("scaling").size(), 10U);
  EXPECT_EQ(link.at("scaling").back().at("machines"), 1024);
  const double waiting = link.at("scaling").at(0).at("waiting_seconds");
  EXPECT_DOUBLE_EQ(link.at("scaling").at(0).at("efficiency"), 2 / (2 + waiting));
}

TEST_F(InspectNetwork, RefusesWhatMeansNothing) {
  EXPECT_THAT(inspect({"--link", "fast"}).err, HasSubstr("--link is \"fast\""));
  EXPECT_EQ(inspect({"--cores", "0"}).exit_code, 2);
  EXPECT_EQ(inspect({"--machines", "1"}).exit_code, 2);
  EXPECT_EQ(run({"inspect", path("base"), "--cores", "4"}).exit_code, 2);  // of no use without --network
}

}  // namespace
}  // namespace bertune
