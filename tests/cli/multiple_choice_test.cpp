// Multiple choice as a user runs it, on a model small enough for a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::json_lines;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

// Of the endings one is "good" or "fine", the others "bad" or "poor": learnable in a few epochs.
std::string swag(int n, int offset = 0, bool with_labels = true) {
  static const char* const kSubjects[] = {"film", "food", "story", "room", "band", "soup", "plot", "staff"};
  std::string csv =
      with_labels ? "sent1,sent2,ending0,ending1,ending2,label\n" : "sent1,sent2,ending0,ending1,ending2\n";
  for (int k = offset; k < offset + n; ++k) {
    const int label = k % 3;
    csv +=
        std::string("the ") + kSubjects[k / 3 % 8] + " " + static_cast<char>('a' + k / 24 % 26) + ",it was";
    for (int ending = 0; ending < 3; ++ending)
      csv += std::string(",very ") +
             (ending == label ? (k % 2 == 0 ? "good" : "fine") : ((k + ending) % 2 == 0 ? "bad" : "poor"));
    csv += with_labels ? "," + std::to_string(label) + "\n" : "\n";
  }
  return csv;
}

class MultipleChoice : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", swag(96));
    files.write("validation.csv", swag(30, 200));
    files.write("test.csv", swag(30, 400));
  }

  // The base's head has two outputs, and this one's has one.
  std::vector<std::string> command(const std::string& output,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "--model",
                                          path("base"),
                                          "--train",
                                          path("train.csv"),
                                          "--output",
                                          path(output),
                                          "--epochs",
                                          "6",
                                          "--threads",
                                          "2",
                                          "--learning-rate",
                                          "3e-3",
                                          "--batch-size",
                                          "8",
                                          "--ignore-mismatched-sizes"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProgramResult train_with_validation(const std::string& output, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--task", "multiple-choice", "--validation", path("validation.csv")});
    return run(command(output, more));
  }
};

TEST_F(MultipleChoice, LearnsEvaluatesAndPredicts) {
  const ProgramResult trained = train_with_validation("out", {"--test", path("test.csv")});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("3 choices each"));
  EXPECT_THAT(trained.out, HasSubstr("30 questions"));
  const Json results = json("out/all_results.json");
  EXPECT_GE(results.at("test_accuracy").get<double>(), 0.9) << trained.out;
  EXPECT_TRUE(results.contains("eval_loss"));
  EXPECT_EQ(json("out/config.json").at("architectures"), Json::parse(R"(["BertForMultipleChoice"])"));
  EXPECT_EQ(json("out/bertune.json").at("task"), "multiple-choice");

  const ProgramResult evaluated =
      run({"evaluate", "--model", path("out"), "--test", path("test.csv"), "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const Json tested = Json::parse(evaluated.out);
  EXPECT_EQ(tested.at("test_accuracy"), results.at("test_accuracy"));
  EXPECT_NEAR(tested.at("test_loss"), results.at("test_loss"), 1e-6);
  EXPECT_EQ(tested.at("test_samples"), 30);

  const ProgramResult predicted =
      run({"predict", "--model", path("out"), path("test.csv"), "--batch-size", "7"});
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  const std::vector<Json> rows = json_lines(predicted.out);
  ASSERT_EQ(rows.size(), 30U);
  int correct = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto scores = rows[i].at("scores").get<std::vector<double>>();
    ASSERT_EQ(scores.size(), 3U);
    EXPECT_NEAR(scores[0] + scores[1] + scores[2], 1, 1e-9);
    EXPECT_EQ(rows[i].at("score"), *std::ranges::max_element(scores));
    correct += rows[i].at("choice") == (400 + static_cast<int>(i)) % 3 ? 1 : 0;
  }
  EXPECT_NEAR(correct / 30.0, results.at("test_accuracy").get<double>(), 1e-9);
  EXPECT_EQ(rows[0].at("sent2"), "it was");
}

TEST_F(MultipleChoice, PredictsUnlabelledRowsOfOtherForms) {
  ASSERT_EQ(train_with_validation("out").exit_code, 0);
  files.write("unlabelled.csv", swag(5, 400, false));
  const ProgramResult file =
      run({"predict", "--model", path("out"), path("unlabelled.csv"), "--output", path("p.jsonl")});
  ASSERT_EQ(file.exit_code, 0) << file.err;
  EXPECT_EQ(json_lines(files.read("p.jsonl")).size(), 5U);
  const ProgramResult stream =
      run({"predict", "--model", path("out")},
          R"({"id": 7, "context": "the food a", "question": "it was", "choices": ["very bad", "very good"]})"
          "\n");
  ASSERT_EQ(stream.exit_code, 0) << stream.err;
  ASSERT_EQ(json_lines(stream.out).size(), 1U);
  EXPECT_EQ(json_lines(stream.out)[0].at("text"), "very good");
  EXPECT_EQ(json_lines(stream.out)[0].at("id"), "7");
}

TEST_F(MultipleChoice, QuestionsThatArriveAreAnsweredAtOnce) {
  ASSERT_EQ(train_with_validation("out", {"--epochs", "1"}).exit_code, 0);
  testing::FedProgram program({"predict", "--model", path("out")});
  program.write("{\"question\": \"it was\", \"choices\": [\"bad\", \"good\"]}\n");
  ASSERT_TRUE(program.wait_for_lines(1));
  program.write("\n{\"question\": \"it was\", \"choices\": [\"bad\", \"good\", \"poor\"]}\n");
  ASSERT_TRUE(program.wait_for_lines(2));
  program.write("{\"question\": \"it was\", \"choices\": [\"bad\"]}\n");
  const ProgramResult result = program.wait();
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("standard input:4:"));
  const std::vector<Json> rows = json_lines(result.out);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("scores").size(), 2U);
  EXPECT_EQ(rows[1].at("scores").size(), 3U);
}

TEST_F(MultipleChoice, IsRecognisedAndASplitIsMadeAndSaid) {
  const ProgramResult result = run(command("out", {"--epochs", "1"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("task: multiple-choice (detected from"));
  EXPECT_THAT(result.err,
              HasSubstr("of the 96 training questions are held out, those of one context together"));
  EXPECT_TRUE(json("out/all_results.json").contains("eval_accuracy"));
  const ProgramResult whole = run(command("whole", {"--epochs", "1", "--validation-split", "0"}));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_FALSE(json("whole/all_results.json").contains("eval_accuracy"));
}

TEST_F(MultipleChoice, ResumeAfterKillIsBitIdentical) {
  const std::vector<std::string> more = {"--save-every", "5"};
  ASSERT_EQ(train_with_validation("whole", more).exit_code, 0);
  std::vector<std::string> parts = command("parts", more);
  parts.insert(parts.end(), {"--task", "multiple-choice", "--validation", path("validation.csv")});
  {
    testing::Program program(parts);
    ASSERT_TRUE(program.wait_until([&] { return exists("parts/checkpoint-25"); }));
    program.signal(SIGKILL);
    program.wait();
  }
  ASSERT_FALSE(exists("parts/model.safetensors"));
  parts.emplace_back("--resume");
  const ProgramResult last = run(parts);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(files.read("whole/model.safetensors"), files.read("parts/model.safetensors"));
  EXPECT_EQ(json("whole/trainer_state.json").at("log_history"),
            json("parts/trainer_state.json").at("log_history"));
}

TEST_F(MultipleChoice, BadInputsAreSaidOnce) {
  const auto error_of = [&](const std::vector<std::string>& more) {
    const ProgramResult result = run(command("bad", more));
    EXPECT_NE(result.exit_code, 0);
    EXPECT_FALSE(exists("bad/model.safetensors"));
    return result.err;
  };
  files.write("label.csv", "question,choice0,choice1,label\n?,a,b,0\n?,a,b,2\n");
  EXPECT_THAT(error_of({"--train", path("label.csv")}), HasSubstr("label.csv:3: the label \"2\" names none"));
  files.write("columns.csv", "text,label\na,b\n");
  EXPECT_THAT(error_of({"--train", path("columns.csv"), "--task", "multiple-choice"}),
              HasSubstr("the columns are \"text\", \"label\""));
  EXPECT_THAT(error_of({"--text-column", "sent1"}), HasSubstr("do not fit multiple choice"));
  EXPECT_THAT(error_of({"--no-header"}), HasSubstr("--no-header does not fit"));
  EXPECT_THAT(error_of({"--problem-type", "regression"}),
              HasSubstr("--problem-type is of text classification"));
  EXPECT_THAT(error_of({"--max-length", "41"}), HasSubstr("--max-length is 41"));
}

TEST_F(MultipleChoice, CsvPredictionsAreRefused) {
  ASSERT_EQ(train_with_validation("out", {"--epochs", "1"}).exit_code, 0);
  const ProgramResult result =
      run({"predict", "--model", path("out"), path("test.csv"), "--output-format", "csv"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("written as jsonl"));
}

}  // namespace
}  // namespace bertune
