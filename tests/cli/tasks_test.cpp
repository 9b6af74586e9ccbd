// bertune train, evaluate and predict of the tasks beside text classification, on a model small enough for a
// test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Strings = std::vector<std::string>;
using testing::json_lines;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

class TaskCommandLine : public testing::ProgramTest {
 protected:
  void SetUp() override { testing::write_tiny_checkpoint(files.path() / "base"); }

  ProgramResult train(const std::string& train_file, const std::string& output,
                      const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "--model",
                                          path("base"),
                                          "--train",
                                          path(train_file),
                                          "--output",
                                          path(output),
                                          "--learning-rate",
                                          "3e-3",
                                          "--batch-size",
                                          "8",
                                          "--threads",
                                          "2",
                                          "--ignore-mismatched-sizes"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

// "good" and "fine" are entities of one type, "bad" and "poor" of another.
std::string tagged_sentences(int n, int offset) {
  static const char* const kWords[] = {"good", "bad", "fine", "poor"};
  static const char* const kTags[] = {"B-UP", "B-DOWN", "B-UP", "B-DOWN"};
  std::string text;
  for (int i = offset; i < offset + n; ++i) {
    const int first = i % 4, second = i / 4 % 4;
    text += "the\tO\nfilm\tO\nwas\tO\n" + std::string(kWords[first]) + "\t" + kTags[first] + "\n" +
            (i % 3 == 0 ? "very\tO\n" : "") + std::string(kWords[second]) + "\t" + kTags[second] +
            "\n.\tO\n\n";
  }
  return text;
}

// The answer is the letter that follows "good".
std::string questions(int n, int offset, bool some_without) {
  Json paragraphs = Json::array();
  for (int i = offset; i < offset + n; ++i) {
    const char answer = static_cast<char>('a' + i * 7 % 26), other = static_cast<char>('a' + i * 5 % 26);
    const std::string context = std::string("the film was ") + other + " bad food , good " + answer + " .";
    const bool without = some_without && i % 4 == 0;
    const Json answers =
        without ? Json::array()
                : Json::array({{{"text", std::string(1, answer)}, {"answer_start", context.size() - 3}}});
    paragraphs.push_back(
        {{"context", context},
         {"qas",
          {{{"id", std::to_string(i)}, {"question", without ? "poor" : "good"}, {"answers", answers}}}}});
  }
  return Json({{"version", "1.1"}, {"data", {{{"title", "t"}, {"paragraphs", paragraphs}}}}}).dump();
}

TEST_F(TaskCommandLine, TokenClassificationLearnsAndFindsEntities) {
  files.write("train.conll", tagged_sentences(96, 0));
  files.write("test.conll", tagged_sentences(16, 5));
  const ProgramResult trained =
      train("train.conll", "out",
            {"--validation", path("test.conll"), "--test", path("test.conll"), "--epochs", "6"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("task: token-classification (detected from"));
  EXPECT_THAT(trained.err, HasSubstr("IOB2"));
  const Json results = json("out/all_results.json"), config = json("out/config.json");
  EXPECT_GE(results.at("test_f1").get<double>(), 0.9) << trained.out;
  EXPECT_GE(results.at("test_accuracy").get<double>(), 0.9);
  EXPECT_EQ(config.at("architectures").at(0), "BertForTokenClassification");
  EXPECT_EQ(config.at("id2label"), Json::parse(R"({"0": "B-DOWN", "1": "B-UP", "2": "O"})"));
  EXPECT_EQ(json("out/bertune.json").at("task"), "token-classification");

  const ProgramResult evaluated =
      run({"evaluate", "--model", path("out"), "--test", path("test.conll"), "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(Json::parse(evaluated.out).at("test_f1"), results.at("test_f1"));

  const ProgramResult predicted = run({"predict", "--model", path("out")}, "the film was good.\n\n");
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  const std::vector<Json> rows = json_lines(predicted.out);
  ASSERT_EQ(rows.size(), 2U);
  ASSERT_EQ(rows[0].at("entities").size(), 1U) << rows[0];
  const Json entity = rows[0].at("entities")[0];
  EXPECT_EQ(entity.at("label"), "UP");
  EXPECT_EQ(entity.at("text"), "good");
  EXPECT_EQ(entity.at("start"), 13);
  EXPECT_EQ(entity.at("end"), 17);
  const ProgramResult file = run({"predict", "--model", path("out"), path("test.conll")});
  EXPECT_EQ(json_lines(file.out).size(), 16U);
}

TEST_F(TaskCommandLine, SentencesAndQuestionsAreHeldOutWithoutAValidationSet) {
  files.write("train.conll", tagged_sentences(40, 0));
  const ProgramResult words = train("train.conll", "words", {"--epochs", "1"});
  ASSERT_EQ(words.exit_code, 0) << words.err;
  EXPECT_THAT(words.err, HasSubstr("of the 40 training sentences are held out"));
  EXPECT_THAT(words.err, HasSubstr(" repeat an earlier text: "));
  EXPECT_TRUE(json("words/all_results.json").contains("eval_f1"));

  files.write("train.json", questions(40, 0, false));
  const std::vector<std::string> small = {"--epochs", "1", "--max-length", "32", "--doc-stride", "8"};
  const ProgramResult asked = train("train.json", "asked", small);
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_THAT(asked.err, HasSubstr("4 of the 40 training questions are held out"));
  EXPECT_TRUE(json("asked/all_results.json").contains("eval_f1"));
  std::vector<std::string> none = small;
  none.insert(none.end(), {"--validation-split", "0"});
  ASSERT_EQ(train("train.json", "none", none).exit_code, 0);
  EXPECT_FALSE(json("none/all_results.json").contains("eval_f1"));
}

TEST_F(TaskCommandLine, TokenClassificationRefusesTagsThatTrainingLacks) {
  files.write("train.conll", tagged_sentences(16, 0));
  files.write("test.conll", "good\tB-UPP\n");
  const ProgramResult result = train("train.conll", "out", {"--test", path("test.conll")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("test.conll:1"));
  EXPECT_THAT(result.err, HasSubstr("B-UP"));
  EXPECT_FALSE(exists("out/config.json"));
}

TEST_F(TaskCommandLine, QuestionAnsweringLearnsAndAnswers) {
  files.write("train.json", questions(160, 0, false));
  files.write("test.json", questions(32, 1000, false));
  const ProgramResult trained =
      train("train.json", "out",
            {"--test", path("test.json"), "--epochs", "8", "--max-length", "32", "--doc-stride", "8"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("task: question-answering (detected from"));
  const Json results = json("out/all_results.json");
  EXPECT_GE(results.at("test_exact_match").get<double>(), 90) << trained.out;
  EXPECT_GE(results.at("test_f1").get<double>(), 90);
  EXPECT_EQ(json("out/config.json").at("architectures").at(0), "BertForQuestionAnswering");
  EXPECT_EQ(json("out/bertune.json").at("doc_stride"), 8);

  const ProgramResult evaluated =
      run({"evaluate", "--model", path("out"), "--test", path("test.json"), "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(Json::parse(evaluated.out).at("test_f1"), results.at("test_f1"));

  const std::string asked =
      R"({"id": "q", "question": "good", "context": "the film was x bad food , good k ."})";
  const ProgramResult predicted = run({"predict", "--model", path("out"), "--top", "2"}, asked + "\n");
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  const std::vector<Json> rows = json_lines(predicted.out);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("id"), "q");
  EXPECT_EQ(rows[0].at("answer"), "k") << rows[0];
  EXPECT_EQ(rows[0].at("start"), 31);
  EXPECT_EQ(rows[0].at("end"), 32);
  EXPECT_EQ(rows[0].at("n_best").size(), 2U);
}

TEST_F(TaskCommandLine, QuestionsThatArriveAreAnsweredAtOnce) {
  files.write("train.json", questions(16, 0, false));
  ASSERT_EQ(
      train("train.json", "out", {"--epochs", "1", "--max-length", "32", "--doc-stride", "8"}).exit_code, 0);
  testing::FedProgram program({"predict", "--model", path("out")});
  program.write("{\"question\": \"good\", \"context\": \"the film was good\"}\n");
  ASSERT_TRUE(program.wait_for_lines(1));
  program.write("\n{\"question\": \"good\", \"context\": \"the food was good\"}\n");
  ASSERT_TRUE(program.wait_for_lines(2));
  program.write("{\"question\": \"good\"}\n");
  const ProgramResult result = program.wait();
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("standard input:4"));
  EXPECT_EQ(json_lines(result.out).size(), 2U);
}

TEST_F(TaskCommandLine, QuestionsWithoutAnswersTuneTheThreshold) {
  files.write("train.json", questions(96, 0, true));
  files.write("validation.json", questions(32, 1000, true));
  const ProgramResult trained = train(
      "train.json", "out", {"--validation", path("validation.json"), "--epochs", "4", "--doc-stride", "8"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Json results = json("out/all_results.json"), settings = json("out/bertune.json");
  EXPECT_EQ(settings.at("version_2_with_negative"), true);
  EXPECT_EQ(settings.at("null_score_diff_threshold"), results.at("eval_best_f1_thresh"));
  const ProgramResult evaluated =
      run({"evaluate", "--model", path("out"), "--test", path("validation.json"), "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_NEAR(Json::parse(evaluated.out).at("test_f1"), results.at("eval_best_f1"), 1e-6);
}

TEST_F(TaskCommandLine, SeveralLabelsTuneTheThreshold) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 64; ++i)
    csv += i % 3 == 0   ? "the good bad film,up|down\n"
           : i % 3 == 1 ? "the good food,up\n"
                        : "the bad story,down\n";
  files.write("train.csv", csv);
  const ProgramResult trained = train("train.csv", "out", {"--validation", path("train.csv")});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Json results = json("out/all_results.json"), settings = json("out/bertune.json");
  EXPECT_EQ(settings.at("threshold"), results.at("eval_best_threshold"));
  const ProgramResult evaluated =
      run({"evaluate", "--model", path("out"), "--test", path("train.csv"), "--json"});
  EXPECT_NEAR(Json::parse(evaluated.out).at("test_f1_micro"), results.at("eval_best_f1_micro"), 1e-9);
  const ProgramResult all = run({"predict", "--model", path("out"), "--threshold", "0"}, "the food\n");
  EXPECT_EQ(json_lines(all.out)[0].at("labels").size(), 2U);
  EXPECT_EQ(run({"predict", "--model", path("out"), "--threshold", "2"}, "x\n").exit_code, 2);
}

TEST_F(TaskCommandLine, ResumedRunsAreTheSameBits) {
  files.write("train.conll", tagged_sentences(64, 0));
  files.write("train.json", questions(48, 0, false));
  for (const char* data : {"train.conll", "train.json"}) {
    const std::string whole = std::string(data) + ".whole", parts = std::string(data) + ".parts";
    ASSERT_EQ(train(data, whole, {"--epochs", "2", "--doc-stride", "8"}).exit_code, 0);
    ASSERT_EQ(
        train(data, parts, {"--epochs", "2", "--doc-stride", "8", "--save-every", "3", "--keep-checkpoints"})
            .exit_code,
        0);
    // As if it had been stopped after its first epoch.
    for (const auto& entry : std::filesystem::directory_iterator(files.path() / parts)) {
      const std::string name = entry.path().filename().string();
      if (name == "checkpoint-9" || name == "checkpoint-6") continue;
      std::filesystem::remove_all(entry.path());
    }
    const ProgramResult resumed =
        train(data, parts,
              {"--epochs", "2", "--doc-stride", "8", "--save-every", "3", "--keep-checkpoints", "--resume"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(files.read(whole + "/model.safetensors"), files.read(parts + "/model.safetensors")) << data;
  }
}

TEST_F(TaskCommandLine, UnknownTaskNamesTheChoices) {
  files.write("train.csv", testing::tiny_dataset(8));
  const ProgramResult result = train("train.csv", "out", {"--task", "translation"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--task is \"translation\"; it must be one of text-classification"));
}

// A model remembers what it was trained on: pairs, and the columns of labels.
TEST_F(TaskCommandLine, APredictionKnowsTheColumnsOfTheTraining) {
  std::string rows = "id,premise,hypothesis,label\n";
  for (int i = 0; i < 16; ++i)
    rows += std::to_string(i) + (i % 2 == 0 ? ",good film,good food,yes\n" : ",good film,bad food,no\n");
  files.write("pairs.csv", rows);
  files.write("unlabelled.csv", "id,premise,hypothesis\n0,good film,good food\n1,good film,bad food\n");
  const ProgramResult trained = train("pairs.csv", "out", {"--validation-split", "0", "--epochs", "1"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.out, HasSubstr("printf 'a text\\ta second text\\n' | bertune predict"));

  const ProgramResult piped = run({"predict", "--model", path("out"), "--quiet"}, "good film\tbad food\n");
  ASSERT_EQ(piped.exit_code, 0) << piped.err;
  EXPECT_EQ(json_lines(piped.out).front().at("text_pair"), "bad food");
  const ProgramResult single = run({"predict", "--model", path("out"), "--quiet"}, "good film\n");
  EXPECT_EQ(single.exit_code, 2);
  EXPECT_THAT(single.err, HasSubstr("trained on pairs"));
  EXPECT_EQ(run({"predict", "--model", path("out"), path("unlabelled.csv")}).exit_code, 0);
  const ProgramResult scored = run({"evaluate", "--model", path("out"), "--test", path("unlabelled.csv")});
  EXPECT_EQ(scored.exit_code, 2);
  EXPECT_THAT(scored.err, HasSubstr("no column \"label\""));
  EXPECT_EQ(train("pairs.csv", "again", {"--test", path("unlabelled.csv")}).exit_code, 2);
}

TEST_F(TaskCommandLine, RowsMayKeepTheirIdsAndBeDrawnFromASortedFile) {
  std::string rows = "key,text,label\n";
  for (int i = 0; i < 40; ++i)
    rows += "k" + std::to_string(i) + (i < 20 ? ",good film,yes\n" : ",bad food,no\n");
  files.write("sorted.csv", rows);
  const Strings few = {"--validation-split", "0", "--epochs", "1", "--max-train-rows", "12"};
  const ProgramResult first = train("sorted.csv", "out", few);
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_THAT(first.err, HasSubstr("--shuffle-rows draws them from all of it"));
  Strings drawn = few;
  drawn.push_back("--shuffle-rows");
  const ProgramResult trained = train("sorted.csv", "out", drawn);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("12 rows"));

  const Strings predict = {"predict", "--model",     path("out"), path("sorted.csv"),
                           "--quiet", "--id-column", "key"};
  const ProgramResult lines = run(predict);
  ASSERT_EQ(lines.exit_code, 0) << lines.err;
  EXPECT_EQ(json_lines(lines.out).at(7).at("id"), "k7");
  Strings as_csv = predict;
  as_csv.insert(as_csv.end(), {"--output-format", "csv"});
  EXPECT_THAT(run(as_csv).out, AllOf(StartsWith("id,text,label,score\nk0,"), HasSubstr("\nk39,bad food,")));
  Strings wrong = predict;
  wrong.back() = "kez";
  EXPECT_THAT(run(wrong).err, HasSubstr("did you mean \"key\"?"));
}

}  // namespace
}  // namespace bertune
