// bertune vocabulary as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bertune/tokenizer.h"
#include "support/program_test.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;
using ::testing::StartsWith;
using Json = nlohmann::json;

class VocabularyCommand : public testing::ProgramTest {
 protected:
  ProgramResult build(const std::vector<std::string>& more, const std::string& input = "") const {
    std::vector<std::string> arguments = {"vocabulary", "--output", path("out")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, input);
  }
  void expect_error(const ProgramResult& result, int code, const std::vector<std::string>& parts) const {
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_THAT(result.err, HasSubstr("error: "));
    for (const std::string& part : parts) EXPECT_THAT(result.err, HasSubstr(part));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(files.path())) {
      EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".tmp-"))) << "left behind";
    }
  }
};

TEST_F(VocabularyCommand, WritesATokenizerThatBertuneReads) {
  files.write("a.txt", "Hug hug hugs\n\nhug, pug\n");
  files.write("b.jsonl", "{\"text\": \"pun p\\u00fcn pug\"}\n{\"text\": \"bun\"}\n");
  const ProgramResult result = build({path("a.txt"), path("b.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* file :
       {"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}) {
    EXPECT_TRUE(exists("out/" + std::string(file))) << file;
    EXPECT_THAT(result.out, HasSubstr(file));
  }
  EXPECT_THAT(files.read("out/vocab.txt"), StartsWith("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n,\nb\ng\n"));
  EXPECT_THAT(result.out, HasSubstr("On these texts"));
  EXPECT_THAT(result.out, HasSubstr("texts                  4"));
  EXPECT_THAT(result.out, HasSubstr("words                 10"));
  EXPECT_THAT(result.out, HasSubstr("[UNK]          0.0% of words"));
  EXPECT_THAT(result.err, HasSubstr("occurs 2 or more times"));
  const ProgramResult ids = run({"tokenize", "--model", path("out"), "--no-special-tokens"}, "hug pun\n");
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(files.path() / "out");
  EXPECT_EQ(ids.out, "[" + std::to_string(*tokenizer.token_to_id("hug")) + "," +
                         std::to_string(*tokenizer.token_to_id("pun")) + "]\n");
}

TEST_F(VocabularyCommand, SettingsReachTheTokenizer) {
  files.write("texts.txt", "Caf\u00e9 Caf\u00e9 \u4e2d\u6587 \u4e2d\u6587\n");
  ASSERT_EQ(build({path("texts.txt"), "--cased", "--keep-chinese-together", "--unused", "2"}).exit_code, 0);
  const std::string lines = files.read("out/vocab.txt");
  EXPECT_THAT(lines, StartsWith("[PAD]\n[unused0]\n[unused1]\n[UNK]\n"));
  EXPECT_THAT(lines, HasSubstr("\nCaf\u00e9\n"));
  EXPECT_THAT(lines, HasSubstr("\n\u4e2d\u6587\n"));
  const Json config = Json::parse(files.read("out/tokenizer_config.json"));
  EXPECT_EQ(config.at("do_lower_case"), false);
  EXPECT_EQ(config.at("tokenize_chinese_chars"), false);
  EXPECT_EQ(config.at("model_max_length"), 512);
  ASSERT_EQ(build({path("texts.txt"), "--keep-accents", "--overwrite"}).exit_code, 0);
  EXPECT_THAT(files.read("out/vocab.txt"), HasSubstr("\ncaf\u00e9\n"));
}

TEST_F(VocabularyCommand, JsonIsAllThatIsPrinted) {
  const std::string texts = "hug hug hug pug pug pun pun\xFF\nhugs\n";
  const ProgramResult result = build({"-", "--json", "--vocab-size", "22", "--score", "likelihood"}, texts);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("not UTF-8"));
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json.at("vocab_size"), 22);
  EXPECT_EQ(json.at("texts"), 2);
  EXPECT_EQ(json.at("words"), 8);
  EXPECT_EQ(json.at("distinct_words"), 4);
  EXPECT_EQ(json.at("unknown_share"), 0.0);
  EXPECT_GT(json.at("pieces_per_word").get<double>(), 1.0);
  EXPECT_TRUE(json.at("examples").is_object());
}

TEST_F(VocabularyCommand, ATokenizerOrModelIsNotOverwrittenByASlip) {
  files.write("texts.txt", "some words, some more words\n");
  ASSERT_EQ(build({path("texts.txt")}).exit_code, 0);
  const std::string before = files.read("out/vocab.txt");
  expect_error(build({path("texts.txt"), "--cased"}), 2, {path("out"), "vocab.txt", "--overwrite"});
  EXPECT_EQ(files.read("out/vocab.txt"), before);
  files.write("out/notes.txt", "mine");
  files.write("texts.txt", "Other words, other words\n");
  ASSERT_EQ(build({path("texts.txt"), "--overwrite"}).exit_code, 0);
  EXPECT_NE(files.read("out/vocab.txt"), before);
  EXPECT_EQ(files.read("out/notes.txt"), "mine");
  files.write("file", "x");
  expect_error(run({"vocabulary", path("texts.txt"), "--output", path("file")}), 2, {"not a folder"});
}

TEST_F(VocabularyCommand, BadInputs) {
  files.write("texts.txt", "some words\n");
  files.write("empty.txt", "");
  files.write("blank.txt", " \n\t\n");
  files.write("bad.jsonl", "{\"text\": \"fine\"}\n{\"text\": 3}\n");
  expect_error(build({path("absent.txt")}), 1, {"absent.txt", "No such file"});
  expect_error(build({path("empty.txt")}), 1, {"no word"});
  expect_error(build({path("blank.txt")}), 1, {"no word"});
  expect_error(build({path("texts.txt"), path("bad.jsonl")}), 1, {"bad.jsonl:2", "text"});
  expect_error(build({path("texts.txt"), "--vocab-size", "10"}), 2, {"10 tokens", "--limit-alphabet"});
  expect_error(build({path("texts.txt"), "--vocab-size", "-3"}), 2, {"--vocab-size"});
  expect_error(build({path("texts.txt"), "--score", "best"}), 2, {"best", "likelihood"});
  expect_error(build({}), 2, {"files"});
  EXPECT_FALSE(exists("out"));
}

}  // namespace
}  // namespace bertune
