// The help, what `bertune` alone prints, and what a wrong command line is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "report/terminal.h"
#include "support/program_test.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;

const std::vector<std::string> kCommands = {
    "train",      "evaluate", "predict", "embed", "pretrain", "fill-mask", "next-sentence", "tokenize",
    "vocabulary", "inspect",  "convert", "serve", "check",    "baseline",  "noise",         "studio"};

TEST(Help, OfEachCommandHasItsOwnExamplesAndFits) {
  for (const std::string& command : kCommands) {
    const ProgramResult help = run({"help", command});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_EQ(help.out, run({command, "--help"}).out);
    EXPECT_THAT(help.out, HasSubstr("Usage: bertune " + command + " "));
    const std::string examples = help.out.substr(std::min(help.out.size(), help.out.find("\nExample")));
    EXPECT_THAT(examples, HasSubstr("bertune " + command + " ")) << command;
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  echo ") || line.starts_with("  curl ")) continue;
      EXPECT_LE(report::display_width(line), 80) << line;
    }
  }
}

TEST(Help, ShowsCommonOptionsFirstAndOneNameEach) {
  const std::string help = run({"train", "--help"}).out;
  for (const char* common :
       {"--train FILE", "--label-column NAME", "--epochs N", "--learning-rate N", "--resume "})
    EXPECT_LT(help.find(common), help.find("\nData:\n")) << common;
  EXPECT_LT(help.find("\nData:\n"), help.find("\nTraining:\n"));
  EXPECT_THAT(help, Not(HasSubstr("_train_batch_size")));
  EXPECT_THAT(help, Not(HasSubstr("TEXT")));
  EXPECT_THAT(help, HasSubstr("  --batch-size N              Training examples per batch (default: 32)\n"));
  EXPECT_THAT(help, HasSubstr("(0: no clipping;\n                              default: 1)\n"));
  EXPECT_THAT(help, HasSubstr("  --validation-labels-file FILE\n"));
}

TEST(Help, OfInspectMarksItsAlternatives) {
  const std::string help = run({"inspect", "--help"}).out;
  EXPECT_THAT(help, HasSubstr("Usage: bertune inspect [OPTIONS] MODEL\n"));
  EXPECT_THAT(help, HasSubstr("(or give --model)"));
  EXPECT_THAT(help, Not(HasSubstr("required")));
  EXPECT_EQ(run({"inspect", "--model", "missing"}).exit_code, run({"inspect", "missing"}).exit_code);
}

TEST(Help, OfTextsOffersNoLabels) {
  const std::string help = run({"vocabulary", "--help"}).out;
  for (const char* useless : {"--label-column", "--strict", "conll"})
    EXPECT_THAT(help, Not(HasSubstr(useless)));
}

TEST(Help, OfTheProgram) {
  const ProgramResult nothing = run({});
  EXPECT_EQ(nothing.exit_code, 2);
  for (const char* example : {"bertune train --model", "bertune predict --model", "bertune evaluate --model",
                              "bertune inspect my-model", "bertune help COMMAND"})
    EXPECT_THAT(nothing.out, HasSubstr(example));
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  for (const std::string& command : kCommands) {
    EXPECT_THAT(run({"--help"}).out, HasSubstr("\n  " + command + " "));
    EXPECT_THAT(run({"--help-all"}).out, HasSubstr("\nbertune " + command + "\n-----"));
  }
}

TEST(Usage, ErrorsNameTheNearestAndTheHelpOfTheCommand) {
  const auto expect = [](const std::vector<std::string>& arguments, const std::string& error) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err, "error: " + error + "\n");
  };
  expect(
      {"train", "--epoch", "3"},
      "bertune train has no option --epoch; did you mean --epochs?\nRun bertune help train for all options.");
  expect({"train", "--learning-rate", "abc"},
         "--learning-rate is \"abc\"; it must be a number\nRun bertune help train for all options.");
  expect({"predict"}, "--model is required\nRun bertune help predict for all options.");
  expect({"trian"},
         "bertune has no command \"trian\"; did you mean \"train\"?\nRun bertune help for all commands.");
  expect(
      {"help", "evalute"},
      "bertune has no command \"evalute\"; did you mean \"evaluate\"?\nRun bertune help for all commands.");
  expect({"convert", "--model", "a", "--output", "b", "--save-dtype", "float8"},
         "--save-dtype is \"float8\"; it must be float32, float16 or bfloat16");
  EXPECT_THAT(run({"foo"}).err,
              HasSubstr("bertune has no command \"foo\"; the commands are train, evaluate, "));
}

}  // namespace
}  // namespace bertune
