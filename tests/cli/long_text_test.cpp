// Long texts, as a user trains, tests and asks: the deciding word comes after what the model reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <random>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

class LongText : public testing::ProgramTest {
 protected:
  // Texts of about thirty words, of which the model reads ten; what is before and behind the one that decides
  // says nothing.
  static std::string late_rows(int count, unsigned seed) {
    std::mt19937 random(seed);
    const auto letters = [&](unsigned number) {
      std::string text;
      for (unsigned i = 0; i < number; ++i)
        text += std::string(1, static_cast<char>('a' + random() % 26)) + " ";
      return text;
    };
    std::string csv = "text,label\n";
    for (int i = 0; i < count; ++i) {
      const bool is_good = random() % 2 == 0;
      csv += letters(static_cast<unsigned>(12 + random() % 3)) + (is_good ? "good " : "poor ");
      csv += letters(static_cast<unsigned>(13 + random() % 4)) + (is_good ? ".,yes\n" : ".,no\n");
    }
    return csv;
  }

  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", late_rows(200, 1));
    files.write("test.csv", late_rows(60, 2));
  }

  std::vector<std::string> training(const std::string& output, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"train",
                                      "--model",
                                      path("base"),
                                      "--train",
                                      path("train.csv"),
                                      "--test",
                                      path("test.csv"),
                                      "--output",
                                      path(output),
                                      "--epochs",
                                      "4",
                                      "--batch-size",
                                      "8",
                                      "--learning-rate",
                                      "3e-3",
                                      "--max-length",
                                      "12",
                                      "--threads",
                                      "1",
                                      "--precision",
                                      "fp32",
                                      "--no-baselines"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  double accuracy(const std::string& output) {
    return json(output + "/all_results.json").at("test_accuracy");
  }
};

TEST_F(LongText, OnlyWindowsFindWhatComesLate) {
  const ProgramResult truncated = run(training("truncated", {}));
  ASSERT_EQ(truncated.exit_code, 0) << truncated.err;
  EXPECT_THAT(truncated.err, HasSubstr("--long-text auto compares ways to read more"));
  EXPECT_LT(accuracy("truncated"), 0.7);
  EXPECT_FALSE(json("truncated/bertune.json").contains("long_text"));
  const ProgramResult windows = run(training("windows", {"--long-text", "windows"}));
  ASSERT_EQ(windows.exit_code, 0) << windows.err;
  EXPECT_GE(accuracy("windows"), 0.95);
  EXPECT_EQ(json("windows/all_results.json").at("test_samples"), 60);
  EXPECT_EQ(json("windows/bertune.json").at("long_text"), "windows");
  EXPECT_THAT(files.read("windows/run.yaml"), HasSubstr("long-text: \"windows\""));
  EXPECT_THAT(files.read("windows/report.html"),
              HasSubstr("The window with the highest score is the first one"));

  // What the model keeps holds for evaluate and predict, and int8; a flag overrides it.
  const auto evaluated = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"evaluate", "--model",        path("windows"),
                                      "--test",   path("test.csv"), "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = run(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out).at("test_accuracy").get<double>();
  };
  EXPECT_EQ(evaluated({}), accuracy("windows"));
  EXPECT_GE(evaluated({"--precision", "int8"}), 0.95);
  EXPECT_LT(evaluated({"--long-text", "truncate"}), 0.8);
  const ProgramResult predicted = run({"predict", "--model", path("windows"), path("test.csv")});
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  int found = 0;
  for (const Json& line : testing::json_lines(predicted.out)) {
    const Json& window = line.at("window");
    const std::string text = line.at("text");
    const std::string part = text.substr(
        window.at("start"), window.at("end").get<std::size_t>() - window.at("start").get<std::size_t>());
    found += part.find("good") != part.npos || part.find("poor") != part.npos;
    EXPECT_GE(line.at("windows"), 3);
    EXPECT_FALSE(line.contains("truncated"));
  }
  EXPECT_GE(found, 40);  // 15 by chance; one label needs no word of its own
}

TEST_F(LongText, AutoComparesAndKeepsItsChoice) {
  const ProgramResult chosen = run(training("out", {"--long-text", "auto"}));
  ASSERT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_THAT(chosen.err, AllOf(HasSubstr("(100.0%) are longer than --max-length 12"),
                                HasSubstr("They are read with --long-text windows")));
  EXPECT_EQ(json("out/bertune.json").at("long_text"), "windows");
  const Json found = json("out/long_text.json");
  EXPECT_EQ(found.at("chosen"), "windows");
  EXPECT_GT(found.at("values").at("windows"), found.at("values").at("head-tail"));
  EXPECT_THAT(files.read("out/report.html"), HasSubstr("How long texts are read, and why"));
  EXPECT_THAT(files.read("out/run.yaml"),
              AllOf(HasSubstr("long-text: \"windows\""), Not(HasSubstr("\"auto\""))));
  // Short texts are not compared.
  const ProgramResult few = run(training("few", {"--long-text", "auto", "--max-length", "40"}));
  ASSERT_EQ(few.exit_code, 0) << few.err;
  EXPECT_THAT(few.err, HasSubstr("a tenth or fewer: they are truncated"));
  EXPECT_FALSE(json("few/bertune.json").contains("long_text"));
}

TEST_F(LongText, ResumeWithAccumulationAndTextsBeyondABatchIsBitIdentical) {
  const std::vector<std::string> more = {"--long-text",
                                         "windows",
                                         "--batch-size",
                                         "3",
                                         "--window-score",
                                         "max",
                                         "--gradient-accumulation-steps",
                                         "5",
                                         "--save-every",
                                         "3",
                                         "--shards",
                                         "2"};
  ASSERT_EQ(run(training("whole", more)).exit_code, 0);
  std::vector<std::string> resumed = training("parts", more);
  for (const int step : {3, 15}) {
    Program program(resumed);
    program.wait_until([&] { return has_checkpoint("parts", step); });
    program.signal(SIGKILL);
    program.wait();
    if (resumed.back() != "--resume") resumed.emplace_back("--resume");
  }
  const ProgramResult last = run(resumed);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(files.read("whole/model.safetensors"), files.read("parts/model.safetensors"));
}

TEST_F(LongText, GoWithAdaptersCheckpointingAndFrozenLayers) {
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--lora"}, {"--gradient-checkpointing"}, {"--freeze-layers", "1", "--freeze-eval-mode"}}) {
    std::vector<std::string> words = {"--long-text", "windows", "--overwrite", "--epochs", "1"};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = run(training("out", words));
    EXPECT_EQ(result.exit_code, 0) << more[0] << result.err;
  }
}

TEST_F(LongText, WhatDoesNotFitIsRefused) {
  files.write("pairs.csv", "text,text_pair,label\na b,c d,x\nb c,d e,y\nc d,e f,x\nd e,f g,y\n");
  EXPECT_THAT(run({"train", "--model", path("base"), "--train", path("pairs.csv"), "--output", path("out"),
                   "--long-text", "windows"})
                  .err,
              HasSubstr("--long-text windows is of single texts; pairs are truncated"));
  EXPECT_THAT(run(training("out", {"--window-stride", "2"})).err, HasSubstr("read in windows"));
  EXPECT_THAT(run(training("out", {"--long-text", "all"})).err,
              HasSubstr("must be truncate, head-tail, windows or auto"));
  ASSERT_EQ(run(training("model", {"--max-steps", "1"})).exit_code, 0);
  EXPECT_THAT(run({"predict", "--model", path("model"), "--long-text", "auto", path("test.csv")}).err,
              HasSubstr("--long-text auto is of a training"));
  files.write("tags.conll", "a O\nb O\n\nc O\nd B-X\n");
  EXPECT_THAT(run({"train", "--model", path("base"), "--train", path("tags.conll"), "--output", path("out"),
                   "--long-text", "windows"})
                  .err,
              HasSubstr("read in windows by themselves"));
}

}  // namespace
}  // namespace bertune
