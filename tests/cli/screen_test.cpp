// What is printed where: --quiet, --silent, notes, and output that cannot be written.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;

class Screen : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", testing::tiny_dataset(40));
  }
  ProgramResult train(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"train",           "--model",  path("base"), "--train",
                                          path("train.csv"), "--output", path("out"),  "--overwrite",
                                          "--batch-size",    "8",        "--epochs",   "1",
                                          "--threads",       "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(Screen, QuietHidesProgressAndNothingElse) {
  for (const std::vector<std::string>& quiet :
       {std::vector<std::string>{"--quiet"}, {"--disable_tqdm", "True"}, {"--disable-tqdm=1"}}) {
    std::vector<std::string> flags = {"--fp16"};
    flags.insert(flags.end(), quiet.begin(), quiet.end());
    const ProgramResult result = train(flags);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const char* said : {"note: --fp16 has no effect", "are held out", "--problem-type", "\nColumns\n",
                             "Training on 1 thread with"})
      EXPECT_THAT(result.err, HasSubstr(said));
    EXPECT_THAT(result.err, Not(HasSubstr("epoch 1: validation")));
    EXPECT_THAT(result.err, Not(HasSubstr("step ")));
    EXPECT_THAT(result.out, HasSubstr("Trained "));
  }
  const ProgramResult shown = train({"--disable_tqdm", "False"});
  EXPECT_THAT(shown.err, HasSubstr("epoch 1: validation"));
}

TEST_F(Screen, SilentLeavesErrors) {
  const ProgramResult result = train({"--silent", "--fp16", "--max-steps", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("Trained 1 step in "));
  files.write("run.yaml", "silent: true\nfp16: true\n");
  EXPECT_EQ(train({"--config", path("run.yaml"), "--max-steps", "1"}).err, "");
  EXPECT_THAT(train({"--config", path("run.yaml"), "--silent=false", "--max-steps", "1"}).err,
              HasSubstr("\"fp16\" has no effect"));
  EXPECT_THAT(train({"--silent", "--epochs", "0"}).err, HasSubstr("error: --epochs is 0"));
  const ProgramResult cut =
      run({"tokenize", "--model", path("base"), "--max-length", "3", "--silent"}, "the film was good");
  EXPECT_EQ(cut.exit_code, 0);
  EXPECT_EQ(cut.err, "");
}

TEST_F(Screen, OddPlansAreSaid) {
  EXPECT_THAT(train({"--warmup-steps", "1000"}).err,
              HasSubstr("note: --warmup-steps is 1000, and the run has 5 steps: the learning rate rises to"));
  EXPECT_THAT(train({"--gradient-accumulation-steps", "100"}).err, HasSubstr("each epoch is one step"));
  EXPECT_THAT(train({"--learning-rate", "0"}).err, HasSubstr("--learning-rate is 0: nothing is learned"));
  EXPECT_THAT(train({"--max-steps", "0"}).err, HasSubstr("--max-steps is 0; it must be at least 1"));
}

TEST_F(Screen, TheFormatIsTheInputs) {
  ASSERT_EQ(train({"--max-steps", "1"}).exit_code, 0);
  files.write("rows", "text\nthe film was good\n");
  const std::vector<std::string> predict = {"predict",    "--model",   path("out"),
                                            path("rows"), "--threads", "1"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = predict;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  const ProgramResult read = with({"--format", "csv"});
  EXPECT_THAT(read.out, HasSubstr("{\"text\":\"the film was good\"")) << read.err;
  EXPECT_THAT(read.err, HasSubstr("note: --format csv is how the input is read; what is written is jsonl"));
  const ProgramResult earlier = with({"--input-format", "csv"});
  EXPECT_EQ(earlier.out, read.out);
  EXPECT_THAT(earlier.err, Not(HasSubstr("is how the input is read")));
  EXPECT_THAT(with({"--format", "csv", "--output-format", "csv"}).out,
              HasSubstr("text,label,score\nthe film was good,"));
}

TEST_F(Screen, ResumeOfNothingIsSaid) {
  EXPECT_THAT(
      train({"--max-steps", "1", "--resume", "--overwrite=false"}).err,
      HasSubstr("note: --resume: the output folder has no checkpoint; training starts from the beginning"));
}

TEST_F(Screen, HelpThatCannotBeWrittenFails) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"train", "--help"}, {"--version"}}) {
    const ProgramResult result = run(arguments, "", [] {
      const int full = ::open("/dev/full", O_WRONLY);
      ::dup2(full, 1);
    });
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("standard output cannot be written to"));
  }
}

}  // namespace
}  // namespace bertune
