// Tables as people have them, from the command line: what is read, what is said, and what a model keeps of
// it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;
using testing::tiny_dataset;

class Tables : public testing::ProgramTest {
 protected:
  void SetUp() override { testing::write_tiny_checkpoint(files.path() / "base"); }

  ProgramResult train(const std::string& file, const std::vector<std::string>& more = {},
                      const std::string& input = "") const {
    std::vector<std::string> arguments = {
        "train",    "--model", path("base"),  "--train",      file, "--output",           path("out"),
        "--epochs", "1",       "--overwrite", "--batch-size", "8",  "--validation-split", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, input);
  }
};

TEST_F(Tables, ColumnsOfZeroAndOneAreKeptWithTheModel) {
  std::string csv = "text,kind,toxic,insult\n";
  for (int i = 0; i < 24; ++i)
    csv += "text number " + std::to_string(i) + ",k" + std::to_string(i % 3) + "," + std::to_string(i % 2) +
           "," + std::to_string(i % 3 == 0 ? 1 : 0) + "\n";
  files.write("d.csv", csv);
  const ProgramResult trained = train(path("d.csv"), {"--label-column", "toxic", "--label-column", "insult"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(json("out/bertune.json")["label_column"], "toxic,insult");
  EXPECT_EQ(json("out/config.json")["id2label"]["0"], "toxic");
  const ProgramResult tested = run({"evaluate", "--model", path("out"), "--test", path("d.csv"), "--json"});
  EXPECT_EQ(tested.exit_code, 0) << tested.err;
}

TEST_F(Tables, FromAPipeInAnotherEncodingWithBadRows) {
  std::string csv = "sep=;\ntext;label\n";
  for (int i = 0; i < 24; ++i)
    csv += "sch\xf6n " + std::to_string(i) + ";" + (i == 5 ? "" : i % 2 == 0 ? "gut" : "schlecht") + "\n";
  const ProgramResult refused = train("/dev/stdin", {}, csv);
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("/dev/stdin:8: no label (column \"label\" is empty)"));
  EXPECT_THAT(refused.err, HasSubstr("--max-bad-rows 1"));
  const ProgramResult trained = train("-", {"--max-bad-rows", "1", "--encoding", "latin-1"}, csv);
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
}

TEST_F(Tables, LabelsInAFileOfTheirOwn) {
  std::string texts, labels;
  for (int i = 0; i < 24; ++i)
    texts += "text number " + std::to_string(i) + "\n", labels += i % 2 == 0 ? "even\n" : "odd\n";
  files.write("seq.txt", texts), files.write("labels", labels);
  const ProgramResult trained = train(path("seq.txt"), {"--labels-file", path("labels")});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(json("out/config.json")["id2label"]["1"], "odd");
  const std::vector<std::string> test = {"evaluate", "--model", path("out"), "--test", path("seq.txt")};
  EXPECT_EQ(run(test).exit_code, 2);
  std::vector<std::string> with_labels = test;
  with_labels.insert(with_labels.end(), {"--labels-file", path("labels"), "--json"});
  const ProgramResult tested = run(with_labels);
  EXPECT_EQ(tested.exit_code, 0) << tested.err;
}

TEST_F(Tables, NothingOfAFileReachesTheTerminalAsACode) {
  files.write("d.csv", tiny_dataset(32));
  files.write("test.csv", "text,label\nsome words,\x1b[31mred\n");
  const ProgramResult unknown = train(path("d.csv"), {"--test", path("test.csv")});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("[31mred"));
  EXPECT_THAT(unknown.err, Not(HasSubstr("\x1b[31m")));
  files.write("e.csv", "te\x1b[31mxt,a,b\nx,y,z\n");
  EXPECT_THAT(train(path("e.csv")).err, Not(HasSubstr("\x1b[31m")));
}

}  // namespace
}  // namespace bertune
