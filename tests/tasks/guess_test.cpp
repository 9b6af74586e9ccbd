// What a training file is for, seen in its content.
#include "tasks/registry/guess.h"

#include <gmock/gmock.h>

#include "bertune/error.h"
#include "data/helpers.h"

namespace bertune::tasks {
namespace {

using data::testing::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GuessTest : public ::testing::Test {
 protected:
  std::string task(const std::string& name, const std::string& text, const FileOptions& options = {}) {
    const TaskGuess guess = guess_task(files_.write(name, text), options);
    EXPECT_EQ(guess.reason.empty(), guess.task->name == "text-classification");
    return std::string(guess.task->name);
  }
  bertune::testing::TemporaryDirectory files_;
};

TEST_F(GuessTest, GoesByContentAndNotByName) {
  const std::string words = "Anna\tB-per\nmet\tO\n\nBob\tB-per\nleft\tO\n";
  for (const char* name : {"a.tsv", "a.txt", "a.dat"}) EXPECT_EQ(task(name, words), "token-classification");
  EXPECT_EQ(task("a.json", R"({"data": [{"paragraphs": [{"context": ")" + std::string(9000, 'x') +
                               R"(", "qas": []}]}]})"),
            "question-answering");
  EXPECT_EQ(
      task("a.jsonl",
           R"({"question": {"stem": "?", "choices": [{"label": "A", "text": "x"}]}, "answerKey": "A"})"),
      "multiple-choice");
  EXPECT_EQ(task("a.csv", "question,context,answers\n?,a b,\"{'text': ['b']}\"\n"), "question-answering");
  EXPECT_EQ(task("a.csv", "text,label\na,x\nb,y\n"), "text-classification");
  EXPECT_EQ(task("a.tsv", "question\tsentence\tlabel\na\tb\tx\n"), "text-classification");
  EXPECT_EQ(task("a.jsonl", R"({"question": "?", "passage": "a", "answer": true})"), "text-classification");
  EXPECT_EQ(task("a.csv", ""), "text-classification");
}

TEST_F(GuessTest, RefusesTwoReadings) {
  const std::string row =
      R"({"text": "to Rome", "intent": "travel", "entities": [{"start": 3, "end": 7, "label": "LOC"}]})";
  EXPECT_THAT(message_of<UsageError>([&] { task("a.jsonl", row); }),
              AllOf(HasSubstr("(\"intent\")"), HasSubstr("`task=text-classification`")));
  EXPECT_EQ(task("a.jsonl", row, {{.text_column = "text"}}), "text-classification");
}

TEST_F(GuessTest, NamesTheSplitsOfOneDocument) {
  TrainingFiles files;
  files.train = files_.write(
      "d.json", R"({"train": [{"text": "a"}], "dev": [{"text": "b"}], "test": [{"text": "c"}]})");
  const std::string document = files.train.string();
  EXPECT_THAT(name_splits(files), ElementsAre(HasSubstr("holds the splits \"train\", \"dev\", \"test\"")));
  EXPECT_EQ(files.train, document + "#train");
  EXPECT_EQ(files.validation, document + "#dev");
  EXPECT_EQ(files.test, document + "#test");
  EXPECT_THAT(name_splits(files), IsEmpty());
}

}  // namespace
}  // namespace bertune::tasks
