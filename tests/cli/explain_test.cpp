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

TEST_F(Explain, PredictAddsTheWordsToItsLines) {
  const auto plain = testing::run({"predict", "--model", path("model"), path("texts.csv")});
  const auto result = testing::run({"predict", "--model", path("model"), path("texts.csv"), "--explain"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = testing::json_lines(result.out), before = testing::json_lines(plain.out);
  const auto alone = testing::json_lines(
      testing::run({"explain", "--model", path("model"), path("texts.csv"), "--output-format", "jsonl"}).out);
  ASSERT_THAT(lines, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(lines[i].at("explanation"), alone[i].at("explanation"));
    Json rest = lines[i];
    rest.erase("explanation");
    EXPECT_EQ(rest, before[i]);
  }
}

TEST_F(Explain, PredictHasTheWordsInAColumn) {
  const auto result =
      testing::run({"predict", "--model", path("model"), path("texts.csv"), "--explain", "--top-words", "1",
                    "--target", "bad", "--output-format", "csv", "--output", path("new.csv")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string table = files.read("new.csv");
  EXPECT_THAT(table, StartsWith("text,label,score,words\nthe film was good,"));
  EXPECT_THAT(table, ::testing::ContainsRegex("bad: [a-z]+ [+-]0\\.[0-9]+\n"));
}

TEST_F(Explain, PredictSaysWhatIsWrong) {
  auto result = testing::run({"predict", "--model", path("model"), path("texts.csv"), "--top-words", "2"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--top-words is of explanations: it goes with --explain"));
  testing::write_model(files.path() / "choices", {"choices", Architecture::multiple_choice});
  files.write("choices.jsonl", R"({"question": "was it", "choices": ["good", "bad"]})"
                               "\n");
  result = testing::run({"predict", "--model", path("choices"), path("choices.jsonl"), "--explain",
                         "--output", path("out.jsonl")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("has no explanation"));
  EXPECT_FALSE(exists("out.jsonl"));
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
