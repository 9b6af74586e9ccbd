// bertune check as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "bertune/data_check.h"
#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;

class CheckCommand : public testing::ProgramTest {
 protected:
  CheckCommand() {
    std::string train = "text,label\n";
    for (int i = 0; i < 12; ++i)
      train +=
          "good film number " + std::to_string(i) + ",pos\nbad food number " + std::to_string(i) + ",neg\n";
    files.write("train.csv", train);
    files.write("test.csv", "text,label\ngood film number 3,pos\nnot the film,neg\n");
    files.write("clean.csv", "text,label\nwas very fine,pos\nnot the film,neg\n");
  }
};

TEST_F(CheckCommand, RanksFindingsWithPlacesAndAdvice) {
  const ProgramResult result = run({"check", path("train.csv"), "--test", path("test.csv")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              HasSubstr("  error   test: 1 row (50.0%) also appears in train; scores will be inflated: "
                        "remove them from train\n"));
  EXPECT_THAT(result.out, HasSubstr("train.csv:8 and " + path("test.csv") + ":2: good film number 3"));
  EXPECT_THAT(result.out, HasSubstr("1 error"));
  EXPECT_THAT(result.err, Not(HasSubstr("error:")));
}

TEST_F(CheckCommand, ExitsForScripts) {
  const std::vector<std::string> leaking = {"check", path("train.csv"), "--test", path("test.csv"),
                                            "--fail-on"};
  for (const char* level : {"error", "warning", "never"}) {
    std::vector<std::string> arguments = leaking;
    arguments.emplace_back(level);
    EXPECT_EQ(run(arguments).exit_code, std::string(level) == "never" ? 0 : 1) << level;
  }
  EXPECT_EQ(run({"check", path("train.csv"), "--test", path("clean.csv"), "--fail-on", "warning"}).exit_code,
            0);
  const ProgramResult wrong = run({"check", path("train.csv"), "--fail-on", "often"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--fail-on is \"often\"; it must be never, error or warning"));
}

TEST_F(CheckCommand, PrintsJson) {
  const ProgramResult result =
      run({"check", path("train.csv"), "--test", path("test.csv"), "--json", "--fail-on", "error"});
  EXPECT_EQ(result.exit_code, 1);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("task"), "text-classification");
  EXPECT_EQ(json.at("errors"), 1);
  EXPECT_EQ(json.at("sets")[0].at("rows"), 24);
  EXPECT_EQ(json.at("labels")[0].at("rows").at("train"), 12);
  const auto& leak = json.at("findings")[0];
  EXPECT_EQ(leak.at("kind"), "leak");
  EXPECT_EQ(leak.at("severity"), "error");
  EXPECT_EQ(leak.at("where")[0], path("test.csv") + ":2");
  EXPECT_EQ(leak.at("advice"), "remove them from train");
}

TEST_F(CheckCommand, ChecksTheVocabularyOfAModel) {
  testing::write_tiny_checkpoint(files.path() / "model");
  files.write("long.csv", "text,label\nextraordinarily,pos\nunbelievable,neg\nextraordinarily awkward,pos\n");
  const ProgramResult result =
      run({"check", path("train.csv"), "--model", path("model"), "--max-length", "8"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Length in tokens"));
  EXPECT_THAT(result.out, HasSubstr("longer than --max-length 8"));
  EXPECT_THAT(run({"check", path("train.csv")}).out, Not(HasSubstr("Length in tokens")));
}

TEST_F(CheckCommand, ReadsEveryTask) {
  files.write("tags.conll", "the O\nfilm B-X\n\nbad O\nfood O\n");
  EXPECT_THAT(run({"check", path("tags.conll"), "--json"}).out,
              HasSubstr("\"task\": \"token-classification\""));
  files.write(
      "questions.json",
      R"([{"id": "1", "question": "what?", "context": "the film was fine", "answers": {"text": ["film"], "answer_start": [4]}}])");
  EXPECT_THAT(run({"check", path("questions.json"), "--json"}).out,
              HasSubstr("\"task\": \"question-answering\""));
  files.write("pairs.csv", "sentence1,sentence2,label\na b,c d,0.5\ne f,g h,0.75\n");
  EXPECT_THAT(run({"check", path("pairs.csv"), "--task", "sentence-embedding", "--json"}).out,
              HasSubstr("\"numbers\""));
}

TEST_F(CheckCommand, IsALibraryCall) {
  const DataCheck check = check_data({.train = path("train.csv"), .test = path("test.csv")});
  EXPECT_EQ(check.task, "text-classification");
  ASSERT_FALSE(check.findings.empty());
  EXPECT_EQ(check.findings[0].kind, FindingKind::leak);
  EXPECT_EQ(check.findings[0].severity, Severity::error);
}

}  // namespace
}  // namespace bertune
