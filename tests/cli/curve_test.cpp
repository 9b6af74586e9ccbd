// bertune curve and suggest as a user runs them: trainings that are taken over, and those that are not; what
// the report of a run shows of both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;
using testing::tiny_dataset;
using Json = nlohmann::json;

class Curve : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", tiny_dataset(64));
    files.write("test.csv", tiny_dataset(40, 2000));
  }

  ProgramResult curve(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"curve",     path("train.csv"), "--test",  path("test.csv"),
                                          "--model",   path("base"),      "--full",  "--folder",
                                          path("out"), "--json",          "--silent"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  // When the model of each training was written.
  std::vector<std::filesystem::file_time_type> written() const {
    std::vector<std::filesystem::file_time_type> times;
    for (const std::string rows : {"8", "16", "32", "64"})
      times.push_back(std::filesystem::last_write_time(path("out/rows-" + rows + "/model.safetensors")));
    return times;
  }
};

TEST_F(Curve, TakesOverWhatIsTrained) {
  const ProgramResult first = curve({});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Json measured = Json::parse(first.out);
  ASSERT_EQ(measured.at("points").size(), 4U);
  EXPECT_EQ(measured.at("points").back().at("rows"), 64);
  EXPECT_EQ(measured.at("points").back().at("score"),
            json("out/rows-64/all_results.json").at("test_accuracy"));
  const auto times = written();

  std::filesystem::remove_all(path("out/rows-32"));
  EXPECT_EQ(Json::parse(curve({}).out), measured);
  EXPECT_EQ(written()[3], times[3]);
  EXPECT_GT(written()[2], times[2]);

  const ProgramResult anew = curve({"--overwrite"});
  ASSERT_EQ(anew.exit_code, 0) << anew.err;
  EXPECT_EQ(Json::parse(anew.out), measured);
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_GT(written()[i], times[i]);
}

TEST_F(Curve, IsShownInTheReportOfARun) {
  const auto command = [&](const std::string& of) {
    return run({"curve", path("more.csv"), "--model", path("base"), "--run", path(of), "--silent"});
  };
  files.write("more.csv", tiny_dataset(96));
  EXPECT_THAT(command("run").err, HasSubstr("holds no run of bertune train with predictions"));
  const std::vector<std::string> training = {"train",     "--model",         path("base"),
                                             "--train",   path("train.csv"), "--output",
                                             path("run"), "--silent",        "--overwrite"};
  ASSERT_EQ(run(training).exit_code, 0);
  EXPECT_THAT(files.read("run/report.html"), Not(HasSubstr("Would more labeled rows help?")));
  const ProgramResult result = command("run");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files.read("run/report.html"), HasSubstr("Would more labeled rows help?"));
  EXPECT_EQ(json("run/report.json").at("learning_curve").at("points"), json("run/curve.json").at("points"));
  files.write("run/curve.json", R"({"points": 3})");
  EXPECT_THAT(run({"report", path("run")}).err, HasSubstr("curve.json: is damaged"));
  // The next training's report has no curve of this one.
  ASSERT_EQ(run(training).exit_code, 0);
  EXPECT_FALSE(exists("run/curve.json"));
}

TEST_F(Curve, IsFollowedInTheReportByWhatToLabelNext) {
  const std::vector<std::string> training = {"train",     "--model",         path("base"),
                                             "--train",   path("train.csv"), "--output",
                                             path("run"), "--silent",        "--overwrite"};
  ASSERT_EQ(run(training).exit_code, 0);
  files.write("new.csv", "text\nred <b>green</b>\n" + std::string(5000, 'x') + "\nblue\n");
  const ProgramResult result =
      run({"suggest", path("new.csv"), "-n", "2", "--model", path("run"), "--run", path("run"), "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("Shown in " + path("run/report.html")));
  EXPECT_THAT(files.read("run/report.html"), HasSubstr("What should be labeled next?"));
  const Json shown = json("run/report.json").at("suggestions");
  EXPECT_EQ(shown.at("rows_read"), 3);
  EXPECT_EQ(shown.at("suggested"), 2);
  EXPECT_EQ(shown.at("rows").size(), 2U);
  for (const Json& row : shown.at("rows")) EXPECT_LE(row.at("text").get<std::string>().size(), 1000U);
  files.write("run/suggestions.json", R"({"rows": 3})");
  EXPECT_THAT(run({"report", path("run")}).err, HasSubstr("suggestions.json: is damaged"));
  ASSERT_EQ(run(training).exit_code, 0);
  EXPECT_FALSE(exists("run/suggestions.json"));
}

TEST_F(Curve, NeedsAFolderAndATest) {
  EXPECT_THAT(run({"curve", path("train.csv"), "--model", path("base"), "--full"}).err,
              HasSubstr("name a folder for them with --folder"));
  EXPECT_THAT(
      run({"curve", path("train.csv"), "--model", path("base"), "--full", "--folder", path("out")}).err,
      HasSubstr("give --test"));
}

}  // namespace
}  // namespace bertune
