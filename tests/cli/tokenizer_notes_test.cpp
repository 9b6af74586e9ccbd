// What is said of a model's tokenizer by the commands that read it, and what is refused before training
// starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;

class TokenizerNotes : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("good.csv", testing::tiny_dataset(64));
  }

  ProgramResult train(const std::string& file, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",    "--model",   path("base"),  "--train",     path(file),
                                          "--output", path("out"), "--overwrite", "--max-steps", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(TokenizerNotes, SayThatACasedVocabularyIsLowerCased) {
  std::string vocabulary = files.read("base/vocab.txt");
  vocabulary.replace(vocabulary.find("##z"), 3, "Film");
  files.write("base/vocab.txt", vocabulary);
  files.write("base/tokenizer_config.json", "{}");
  const auto said = AllOf(HasSubstr("note: "), HasSubstr("1 of its "), HasSubstr("do_lower_case"));
  EXPECT_THAT(run({"tokenize", "--model", path("base")}, "Film\n").err, said);
  EXPECT_THAT(train("good.csv").err, said);
  // From then on the model's own file says it.
  EXPECT_THAT(run({"predict", "--model", path("out")}, "Film\n").err, Not(HasSubstr("do_lower_case")));
  std::filesystem::remove(files.path() / "out/tokenizer_config.json");
  std::filesystem::remove(files.path() / "out/tokenizer.json");
  EXPECT_THAT(run({"predict", "--model", path("out")}, "Film\n").err, said);
  EXPECT_THAT(run({"evaluate", "--model", path("out"), "--test", path("good.csv")}).err, said);
}

TEST_F(TokenizerNotes, TheLengthOfTheTokenizerIsHeeded) {
  files.write("base/tokenizer_config.json", R"({"do_lower_case": true, "model_max_length": 16})");
  EXPECT_THAT(train("good.csv").err,
              AllOf(HasSubstr("cut at 16 tokens"), HasSubstr("change with --max-length")));
  EXPECT_EQ(json("out/bertune.json").at("max_length"), 16);
  EXPECT_THAT(train("good.csv", {"--max-length", "20"}).err,
              HasSubstr("more than tokenizer_config.json says"));
  EXPECT_EQ(json("out/bertune.json").at("max_length"), 20);
  EXPECT_THAT(train("good.csv", {"--max-length", "12"}).err, Not(HasSubstr("tokenizer_config.json")));
}

TEST_F(TokenizerNotes, PairsForAModelOfOneTokenTypeAreRefusedBeforeTraining) {
  BertConfig config = testing::tiny_config();
  config.type_vocab_size = 1;
  testing::write_tiny_checkpoint(files.path() / "base", config);
  EXPECT_EQ(train("good.csv").exit_code, 0);
  std::filesystem::remove_all(files.path() / "out");
  std::string pairs = "sentence1,sentence2,label\n";
  for (int i = 0; i < 16; ++i)
    pairs += std::string("the film was ") + static_cast<char>('a' + i) + ",the food was not,yes\n" +
             "the food was " + static_cast<char>('a' + i) + ",the film was very,no\n";
  files.write("pairs.csv", pairs);
  const ProgramResult result = train("pairs.csv");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("error: pairs of texts"), HasSubstr("type_vocab_size is 1"),
                                HasSubstr("single texts")));
  EXPECT_FALSE(exists("out/model.safetensors"));
}

TEST_F(TokenizerNotes, AnAddedTokenBeyondTheModelIsRefusedWhereATextHoldsIt) {
  files.write("base/added_tokens.json", R"({"[E1]": 70})");
  const ProgramResult result = train("good.csv");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("note: "), HasSubstr("\"[E1]\""), HasSubstr("no embedding")));
  files.write("bad.csv", testing::tiny_dataset(64) + "the [E1] was good,positive\n");
  EXPECT_THAT(train("bad.csv").err, AllOf(HasSubstr("error: "), HasSubstr("\"[E1]\""), HasSubstr("70")));
}

}  // namespace
}  // namespace bertune
