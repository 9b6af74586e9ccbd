// bertune train --fold-column as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::json_lines;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;
using Strings = std::vector<std::string>;

class FoldColumn : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    // Row i is in the fold (i * 7 + i / 5) % 3: 4, 5 or 6.
    std::istringstream rows(testing::tiny_dataset(36));
    std::string line, csv;
    for (int i = -1; std::getline(rows, line); ++i)
      csv += line + "," + (i < 0 ? "part" : std::to_string(4 + fold_of(i))) + "\n";
    files.write("train.csv", csv);
  }
  static int fold_of(int row) { return (row * 7 + row / 5) % 3; }
  Strings command(const std::string& train, const std::string& output, const Strings& more = {}) const {
    Strings arguments = {
        "train",      "--model",      path("base"), "--train",       path(train), "--output",
        path(output), "--batch-size", "8",          "--epochs",      "2",         "--learning-rate",
        "3e-3",       "--threads",    "1",          "--fold-column", "part"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  void expect_refused(const Strings& arguments, const std::string& part) const {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(part));
  }
  // Without what depends on the clock.
  Json results(const std::string& output) const {
    Json all = json(output + "/cross_validation.json");
    for (Json& fold : all.at("fold_results")) fold.erase("runtime");
    return all;
  }
};

TEST_F(FoldColumn, EachFoldIsTestedByTheModelOfAllOthers) {
  const ProgramResult result = run(command("train.csv", "out", {"--keep-folds", "--folds", "3"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("mean     std  fold 4  fold 5  fold 6\n"));
  EXPECT_THAT(result.out, HasSubstr("fold-4, fold-5, ..."));
  EXPECT_THAT(result.err, HasSubstr("Fold 6 (3 of 3): trained on"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("  fold column: \"part\"\n"), Not(HasSubstr("not used"))));
  const std::vector<Json> rows = json_lines(files.read("out/out_of_fold.jsonl"));
  ASSERT_EQ(rows.size(), 36U);
  for (int i = 0; i < 36; ++i) EXPECT_EQ(rows[static_cast<std::size_t>(i)].at("fold"), 4 + fold_of(i));
  const Json all = json("out/cross_validation.json");
  EXPECT_EQ(all.at("fold_column"), "part");
  EXPECT_EQ(all.at("folds"), 3);
  EXPECT_EQ(all.at("fold_results").at(1).at("fold"), 5);
  EXPECT_EQ(all.at("fold_results").at(1).at("rows"), 14);
  // The model of fold 5 is what a training on the rows of the others gives.
  std::istringstream csv(files.read("train.csv"));
  std::string line, others;
  for (int i = -1; std::getline(csv, line); ++i)
    if (i < 0 || fold_of(i) != 1) others += line.substr(0, line.rfind(',')) + "\n";
  files.write("others.csv", others);
  ASSERT_EQ(run({"train", "--model", path("base"), "--train", path("others.csv"), "--output", path("plain"),
                 "--epochs", "2", "--batch-size", "8", "--learning-rate", "3e-3", "--validation-split", "0"})
                .exit_code,
            0);
  EXPECT_EQ(files.read("plain/model.safetensors"), files.read("out/fold-5/model.safetensors"));
  // Its file of settings repeats it; dealt folds on the command line stand for the column in the file.
  EXPECT_THAT(files.read("out/run.yaml"),
              AllOf(HasSubstr("fold-column: \"part\"\n"), HasSubstr("folds: 3\n")));
  ASSERT_EQ(run({"train", "--config", path("out/run.yaml"), "--output", path("again")}).exit_code, 0);
  EXPECT_EQ(results("again"), results("out"));
  ASSERT_EQ(run({"train", "--config", path("out/run.yaml"), "--output", path("out"), "--folds", "2",
                 "--overwrite", "--max-steps", "1"})
                .exit_code,
            0);
  EXPECT_FALSE(json("out/cross_validation.json").contains("fold_column"));
  EXPECT_FALSE(exists("out/fold-6/fold_results.json"));
}

TEST_F(FoldColumn, ResumesToTheSameBits) {
  const Strings long_enough = {"--epochs", "20"};  // to be killed in the middle
  ASSERT_EQ(run(command("train.csv", "whole", long_enough)).exit_code, 0);
  Strings parts = command("train.csv", "parts", long_enough);
  Program program(parts);
  ASSERT_TRUE(program.wait_until([&] { return has_checkpoint("parts/fold-5"); })) << program.err();
  program.signal(SIGKILL);
  program.wait();
  expect_refused(parts, "already holds a cross-validation");
  // Another one whose folds have other names.
  files.write("authors.csv", "text,label,author\ngood film,x,ann\nbad film,y,bob\n");
  Strings other = command("authors.csv", "parts", {"--fold-column", "author"});
  expect_refused(other, "already holds a cross-validation");
  other.emplace_back("--resume");
  expect_refused(
      other, "cannot resume, for its folds are those of another cross-validation: \"fold-4\", \"fold-5\"");
  // By the file that the run wrote, which holds what was settled since.
  const ProgramResult resumed =
      run({"train", "--config", path("parts/run.yaml"), "--resume", "--threads", "1"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("done before"));
  EXPECT_EQ(results("whole"), results("parts"));
  EXPECT_EQ(files.read("whole/out_of_fold.jsonl"), files.read("parts/out_of_fold.jsonl"));
}

// Names that are no names of folders, of all tasks that have columns.
TEST_F(FoldColumn, OfEveryTask) {
  files.write("text.tsv",
              "text\tpart\tlabel\ngood film\tn/s\tx\nbad film\tw\ty\nfine food\tw\tx\npoor food\tn/s\ty\n");
  files.write("choices.csv",
              "question,choice0,choice1,label,part\nfilm,good,bad,0,n/"
              "s\nfood,good,bad,1,w\nroom,a,b,1,w\nplot,a,b,0,n/s\n");
  std::string questions, sentences;
  for (const std::string part : {"n/s", "w", "w", "n/s"}) {
    const std::string fold = ", \"part\": \"" + part + "\"}\n";
    questions += R"({"question": "what", "context": "the good food", "answer": "food")" + fold;
    sentences += R"({"tokens": ["the", "food"], "ner_tags": ["O", "B-F"])" + fold;
  }
  files.write("questions.jsonl", questions), files.write("sentences.jsonl", sentences);
  files.write("questions.csv",
              "part,question,context,answer\nn/s,what,the good food,food\nw,what,the bad film,film\n");
  for (const std::string file :
       {"text.tsv", "choices.csv", "questions.jsonl", "questions.csv", "sentences.jsonl"}) {
    const std::string output = "out-" + file;
    const ProgramResult result = run(command(
        file, output,
        {"--max-steps", "1", "--max-length", "16", "--doc-stride", "2", "--ignore-mismatched-sizes"}));
    ASSERT_EQ(result.exit_code, 0) << file << result.err;
    std::vector<std::string> folds;
    for (const Json& row : json_lines(files.read(output + "/out_of_fold.jsonl")))
      folds.push_back(row.at("fold"));
    if (file == "questions.csv") {
      EXPECT_THAT(folds, ElementsAre("n/s", "w"));
    } else {
      EXPECT_THAT(folds, ElementsAre("n/s", "w", "w", "n/s")) << file;
    }
    EXPECT_THAT(result.out, ContainsRegex("fold n/s +fold w\n"));
    EXPECT_FALSE(exists(output + "/fold-1"));
    // These share all their contexts.
    const bool leaks =
        result.err.find("4 of 4 rows have a text that also appears in another fold") != std::string::npos;
    EXPECT_EQ(leaks, file == "questions.jsonl") << result.err;
  }
}

TEST_F(FoldColumn, WrongUsage) {
  expect_refused(command("train.csv", "bad", {"--folds", "5"}), "--folds is 5, and column \"part\"");
  expect_refused(command("train.csv", "bad", {"--folds", "5"}), "3 different values: \"4\", \"5\", \"6\"");
  expect_refused(command("train.csv", "bad", {"--fold-column", "prat"}), "did you mean \"part\"?");
  expect_refused(command("train.csv", "bad", {"--fold-column", "label"}), "which column holds the labels?");
  expect_refused(command("train.csv", "bad", {"--label-column", "part"}), "\"part\" is the --label-column");
  expect_refused(command("train.csv", "bad", {"--profile"}), "leave out --fold-column");
  const std::string examples = std::string(BERTUNE_SOURCE_DIR) + "/examples/";
  const auto of_file = [&](const std::string& train, const Strings& more) {
    Strings arguments = command("train.csv", "bad", {"--train", train});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  files.write("words.conllu", "# sent_id = 1\n1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n\n");
  files.write("lines.txt", "good\nbad\n");
  files.write("words.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [\"O\"], \"part\": 1}\n");
  const Strings tokens = {"--task", "token-classification"};
  expect_refused(of_file(examples + "support_entities/train.conll", {}),
                 "CoNLL has no column for the fold of a row; --fold-column takes JSON Lines");
  expect_refused(of_file(path("words.conllu"), tokens), "CoNLL-U has no column");
  expect_refused(
      of_file(examples + "product_questions/train.json", {}),
      "SQuAD's JSON has no column for the fold of a row; --fold-column takes CSV, TSV or JSON Lines");
  expect_refused(of_file(path("lines.txt"), {}), "plain text has no column");
  expect_refused(of_file(path("words.jsonl"), {}),
                 "words.jsonl:1: the fold is \"1\", and so it is in all 1 row");
  EXPECT_FALSE(exists("bad/run.yaml"));
  // Both read the header, whatever is said of it.
  files.write("questions.csv", "question,context,answer,part\nq,a b,a,1\nq,a c,c,2\n");
  files.write("choices.csv", "question,choice0,choice1,label,part\nq,a,b,0,1\nq,a,b,1,2\n");
  for (const std::string file : {"questions.csv", "choices.csv"}) {
    expect_refused(of_file(path(file), {"--no-header"}), "--no-header does not fit");
    expect_refused(of_file(path(file), {"--no-header", "--fold-column", "4"}), "there is no column \"4\"");
  }
}

}  // namespace
}  // namespace bertune
