// bertune explain, as a user runs it.
#include <gmock/gmock.h>

#include "data/files/text_file.h"
#include "predict/asked_models.h"
#include "support/program_test.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Explain : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_model(files.path() / "model",
                         {"classes", Architecture::sequence_classification, {"bad", "fine", "good"}});
    files.write("texts.csv", "text\nthe film was good\n\"<script>alert(1)</script> food\"\n");
  }
};

TEST_F(Explain, ShowsTheWordsThatCountMost) {
  const auto result = testing::run({"explain", "--model", path("model"), path("texts.csv"), "--top", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("texts.csv:2: "));
  EXPECT_THAT(result.out, HasSubstr("texts.csv:3: "));
}

TEST_F(Explain, WritesJsonLinesAndTables) {
  auto result =
      testing::run({"explain", "--model", path("model"), path("texts.csv"), "--output", path("why.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = testing::json_lines(files.read("why.jsonl"));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].at("explanation").at("words").size(), 4U);
  EXPECT_THAT(lines[0].at("where").get<std::string>(), HasSubstr("texts.csv:2"));
  result = testing::run({"explain", "--model", path("model"), path("texts.csv"), "--method",
                         "integrated-gradients", "--output", path("why.csv")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files.read("why.csv"), StartsWith("item,target,part,word,start,end,contribution\n"));
}

TEST_F(Explain, APageShowsTextsAsTexts) {
  const auto result =
      testing::run({"explain", "--model", path("model"), path("texts.csv"), "--output", path("why.html")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string page = files.read("why.html");
  EXPECT_THAT(page, HasSubstr("class=\"why\""));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  const auto packed =
      testing::run({"explain", "--model", path("model"), path("texts.csv"), "--output", path("why.html.gz")});
  ASSERT_EQ(packed.exit_code, 0) << packed.err;
  EXPECT_EQ(data::TextFile(path("why.html.gz")).text(), page);
}

TEST_F(Explain, SaysWhatIsWrong) {
  auto result = testing::run({"explain", "--model", path("model"), path("texts.csv"), "--target", "awful"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--target: the model has no label \"awful\""));
  result = testing::run({"explain", "--model", path("model"), path("texts.csv"), "--method", "shap"});
  EXPECT_EQ(result.exit_code, 2);
  result = testing::run({"explain", "--model", path("model"), path("texts.csv"), "--output", path("why.txt"),
                         "--output-format", "pdf"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_FALSE(exists("why.txt"));
}

}  // namespace
}  // namespace bertune
