// bertune vocabulary, pretrain, fill-mask and next-sentence as a user runs them, on a model small enough for
// a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

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
using ::testing::StartsWith;
using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

constexpr const char* kConfig = R"({"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2,
  "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 40, "initializer_range": 0.1})";

// Documents of six lines, blank lines between them. What is said of a thing follows from the thing.
std::string corpus(int documents, int offset) {
  static const char* const kFacts[] = {"the sky is blue",   "the grass is green", "the snow is white",
                                       "the coal is black", "the rose is red",    "the sand is yellow"};
  std::string text;
  for (int i = offset; i < offset + documents; ++i) {
    for (int j = 0; j < 6; ++j) text += std::string(kFacts[(i + j * (1 + i % 5)) % 6]) + ".\n";
    text += "\n";
  }
  return text;
}

class Pretrain : public testing::ProgramTest {
 protected:
  void SetUp() override {
    files.write("train.txt", corpus(60, 0));
    files.write("validation.txt", corpus(12, 7));
    files.write("config.json", kConfig);
    const ProgramResult vocabulary =
        run({"vocabulary", path("train.txt"), "--vocab-size", "120", "--output", path("vocab")});
    ASSERT_EQ(vocabulary.exit_code, 0) << vocabulary.err;
  }

  Arguments command(const std::string& output, const Arguments& model, const Arguments& more = {}) const {
    Arguments all = {"pretrain",
                     "--train",
                     path("train.txt"),
                     "--output",
                     path(output),
                     "--epochs",
                     "2",
                     "--batch-size",
                     "8",
                     "--learning-rate",
                     "3e-3",
                     "--seed",
                     "3",
                     "--hidden-dropout",
                     "0",
                     "--threads",
                     "2"};
    all.insert(all.end(), model.begin(), model.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Arguments anew(const std::string& output, const Arguments& more = {}) const {
    return command(output, {"--config-name", path("config.json"), "--vocabulary", path("vocab")}, more);
  }
  Arguments on(const std::string& output, const std::string& model, const Arguments& more = {}) const {
    return command(output, {"--model", path(model)}, more);
  }
  void expect_error(const Arguments& arguments, int code, const Arguments& parts) const {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, code) << result.err;
    const std::size_t at = result.err.find("error: ");
    ASSERT_NE(at, std::string::npos) << result.err;
    for (const std::string& part : parts) EXPECT_THAT(result.err.substr(at), HasSubstr(part));
    EXPECT_FALSE(exists("bad/model.safetensors"));
  }
};

TEST_F(Pretrain, LearnsFromNothingFillsMasksAndGoesOn) {
  const ProgramResult result =
      run(anew("out", {"--validation", path("validation.txt"), "--epochs", "40", "--attention-dropout", "0",
                       "--learning-rate", "5e-3", "--batch-size", "4"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("60 documents, 360 sentences, 1,800 tokens"),
                                HasSubstr("all newly initialized"), HasSubstr("blank-line")));
  EXPECT_THAT(result.out, HasSubstr("bertune fill-mask --model " + path("out")));
  const Json results = json("out/all_results.json");
  const double masked = results.at("eval_masked_lm_loss");
  EXPECT_NEAR(results.at("eval_perplexity"), std::exp(masked), 1e-6);
  EXPECT_NEAR(results.at("eval_loss"), masked + results.at("eval_next_sentence_loss").get<double>(), 1e-6);
  EXPECT_GE(results.at("eval_masked_lm_accuracy").get<double>(), 0.6)
      << result.err;  // "the", "is" and the full stop: 0.6
  EXPECT_TRUE(results.contains("eval_next_sentence_accuracy"));
  const Json config = json("out/config.json");
  EXPECT_EQ(config.at("architectures"), Json::array({"BertForPreTraining"}));
  EXPECT_EQ(config.at("vocab_size"), std::ranges::count(files.read("vocab/vocab.txt"), '\n'));
  EXPECT_EQ(files.read("out/vocab.txt"), files.read("vocab/vocab.txt"));
  EXPECT_EQ(json("out/bertune.json").at("objective"), "mlm+nsp");
  EXPECT_EQ(json("out/bertune.json").at("max_length"), 40);  // the model takes no more
  EXPECT_FALSE(exists("out/checkpoint-60"));

  const ProgramResult more =
      run(on("more", "out", {"--objective", "mlm", "--validation", path("validation.txt"), "--epochs", "1"}));
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_THAT(more.err, HasSubstr("not used"));  // the next-sentence head
  EXPECT_EQ(json("more/config.json").at("architectures"), Json::array({"BertForMaskedLM"}));
  const Json gone_on = json("more/all_results.json");
  EXPECT_FALSE(gone_on.contains("eval_next_sentence_loss"));
  EXPECT_LT(gone_on.at("eval_masked_lm_loss").get<double>(), 1.5 * masked);  // it did not begin anew
}

TEST_F(Pretrain, JsonIsAllThatIsPrinted) {
  const ProgramResult result =
      run(anew("out", {"--validation", path("validation.txt"), "--epochs", "1", "--json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const Json printed = Json::parse(result.out);
  EXPECT_EQ(printed.at("eval_perplexity"), json("out/all_results.json").at("eval_perplexity"));
}

// Killed at several places, resumed each time: the same bits as a run that was never stopped.
TEST_F(Pretrain, ResumeAfterKillIsBitIdentical) {
  for (const std::string objective : {"mlm+nsp", "mlm"}) {
    const Arguments more = {"--objective",      objective, "--validation", path("validation.txt"),
                            "--epochs",         "6",       "--save-every", "5",
                            "--hidden-dropout", "0.1"};
    const std::string whole = "whole-" + objective, parts = "parts-" + objective;
    ASSERT_EQ(run(anew(whole, more)).exit_code, 0);
    Arguments resumed = anew(parts, more);
    for (const std::string checkpoint : {"checkpoint-5", "checkpoint-20", "checkpoint-35"}) {
      Program program(resumed);
      program.wait_until([&] { return exists(parts + "/" + checkpoint); });
      program.signal(SIGKILL);
      program.wait();
      if (resumed.back() != "--resume") resumed.emplace_back("--resume");
    }
    const ProgramResult last = run(resumed);
    ASSERT_EQ(last.exit_code, 0) << last.err;
    EXPECT_EQ(files.read(whole + "/model.safetensors"), files.read(parts + "/model.safetensors"))
        << objective;
    EXPECT_EQ(json(whole + "/trainer_state.json").at("log_history"),
              json(parts + "/trainer_state.json").at("log_history"));
  }
}

TEST_F(Pretrain, StepsInsteadOfEpochsAreCountedInEpochs) {
  ASSERT_EQ(run(anew("out", {"--max-steps", "20", "--logging-steps", "20"})).exit_code, 0);
  const Json state = json("out/trainer_state.json");
  const double epoch = state.at("log_history").back().at("epoch");
  EXPECT_EQ(json("out/all_results.json").at("epoch"), epoch);
  EXPECT_EQ(state.at("epoch"), epoch);
  EXPECT_EQ(state.at("max_steps"), 20);
  EXPECT_EQ(state.at("num_train_epochs"), std::ceil(epoch));
  EXPECT_NEAR(state.at("eval_steps").get<double>() * epoch, 20, 1e-9);
}

TEST_F(Pretrain, OtherRowsAreNotResumed) {
  Program program(anew("out", {"--epochs", "2000"}));
  ASSERT_TRUE(program.wait_until([&] {
    std::error_code error;  // of a checkpoint that goes as the next one comes
    for (const auto& entry : std::filesystem::directory_iterator(files.path() / "out", error))
      if (entry.path().filename().string().starts_with("checkpoint-")) return true;
    return false;
  }));
  program.signal(SIGINT);
  EXPECT_EQ(program.wait().exit_code, 130);
  const ProgramResult changed =
      run(anew("out", {"--epochs", "2000", "--resume", "--mlm-probability", "0.2"}));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, HasSubstr("the training data, its labels or their tokens"));
}

TEST_F(Pretrain, WrongUsage) {
  const Arguments config = {"--config-name", path("config.json")},
                  vocabulary = {"--vocabulary", path("vocab")};
  expect_error(command("bad", {}), 2, {"--model", "--config-name"});
  expect_error(anew("bad", {"--model", path("vocab")}), 2, {"--model", "--config-name"});
  expect_error(command("bad", config), 2, {"--config-name needs --vocabulary", "bertune vocabulary"});
  expect_error(on("bad", "vocab", vocabulary), 2, {"--vocabulary is for a new model"});
  expect_error(anew("bad", {"--objective", "nsp"}), 2, {"\"nsp\"", "mlm+nsp or mlm"});
  expect_error(anew("bad", {"--max-length", "41"}), 2, {"--max-length is 41", "40"});
  expect_error(anew("bad", {"--max-length", "4"}), 2, {"--max-length 4", "between 5"});
  expect_error(anew("bad", {"--mlm-probability", "0"}), 2, {"--mlm-probability"});
  expect_error(anew("bad", {"--short-seq-prob", "2"}), 2, {"--short-seq-prob"});
  expect_error(anew("bad", {"--max-predictions", "-1"}), 2, {"--max-predictions"});
  expect_error(anew("bad", {"--document-per", "page"}), 2, {"page", "blank-line"});
  expect_error(anew("bad", {"--metric-for-best-model", "accuracy", "--validation", path("validation.txt")}),
               1, {"accuracy", "perplexity"});
}

TEST_F(Pretrain, BadFiles) {
  const auto config = [&](const std::string& text) {
    files.write("config.json", text);
    return anew("bad");
  };
  expect_error(config("{\"model_type\""), 1, {"config.json", "not valid JSON"});
  expect_error(config("[]"), 1, {"config.json"});
  expect_error(config("{}"), 1, {"config.json", "model_type"});
  expect_error(config(R"({"model_type": "bert", "hidden_size": -3})"), 1, {"config.json", "hidden_size"});
  expect_error(config(R"({"model_type": "bert", "hidden_size": 33})"), 1, {"33", "num_attention_heads"});
  expect_error(config(R"({"model_type": "gpt2"})"), 1, {"config.json", "gpt2"});
  std::filesystem::remove(files.path() / "config.json");
  expect_error(anew("bad"), 1, {"config.json", "No such file"});
  files.write("config.json", kConfig);
  expect_error(command("bad", {"--config-name", path("config.json"), "--vocabulary", path("nowhere")}), 1,
               {"nowhere", "tokenizer"});
  expect_error(on("bad", "vocab"), 1, {"vocab", "config.json"});
  const auto train = [&](const std::string& text, const Arguments& more = {}) {
    files.write("train.txt", text);
    return anew("bad", more);
  };
  expect_error(train(""), 1, {"train.txt", "no text"});
  expect_error(train("\n\n \n"), 1, {"train.txt", "no text"});
  expect_error(train("the sky is blue.\nthe snow is white.\n", {"--document-per", "file"}), 1,
               {"train.txt", "one document", "--objective mlm"});
  files.write("train.txt", corpus(60, 0));
  files.write("validation.txt", "the sky is blue.\n");
  expect_error(anew("bad", {"--validation", path("validation.txt")}), 1, {"validation.txt", "one document"});
  expect_error(anew("bad", {"--validation", path("absent.txt")}), 1, {"absent.txt", "No such file"});
}

TEST_F(Pretrain, OneDocumentIsEnoughForMasks) {
  files.write("train.txt", corpus(20, 0));
  const ProgramResult result = run(anew("out", {"--objective", "mlm", "--document-per", "file"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(": 1 document, "));
}

TEST_F(Pretrain, FillMaskAnswersTextsAndStandardInput) {
  ASSERT_EQ(run(anew("out")).exit_code, 0);
  const ProgramResult text =
      run({"fill-mask", "--model", path("out"), "--top", "2", "the [MASK] is [MASK]."});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("the [MASK] is [MASK].\n"));
  EXPECT_EQ(std::ranges::count(text.out, '%'), 4);
  // Brackets at both ends make no list of it.
  for (const char* brackets : {"[MASK]", "[MASK], [MASK]"}) {
    const ProgramResult result = run({"fill-mask", "--model", path("out"), brackets});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, StartsWith(std::string(brackets) + "\n"));
  }

  // Empty lines and the line ends of Windows are none of the text.
  const ProgramResult lines = run({"fill-mask", "--model", path("out"), "--json", "--top_k", "500"},
                                  "the [MASK] is blue\r\n\n[MASK] \xff\n");
  ASSERT_EQ(lines.exit_code, 0) << lines.err;
  std::istringstream stream(lines.out);
  std::vector<Json> answers;
  for (std::string line; std::getline(stream, line);) answers.push_back(Json::parse(line));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].at("text"), "the [MASK] is blue");
  EXPECT_EQ(answers[1].at("text"), "[MASK] \uFFFD");
  const Json& guesses = answers[0].at("masks").at(0);
  EXPECT_EQ(guesses.size(), json("out/config.json").at("vocab_size"));  // no more than there are
  double sum = 0, last = 1;
  for (const Json& guess : guesses) {
    const double score = guess.at("score");
    EXPECT_LE(score, last);
    sum += last = score;
  }
  EXPECT_NEAR(sum, 1, 1e-6);

  std::string longer = "[MASK]";
  for (int i = 0; i < 60; ++i) longer += " the";
  const ProgramResult cut = run({"fill-mask", "--model", path("out"), longer});
  EXPECT_EQ(cut.exit_code, 0);
  EXPECT_THAT(cut.err, HasSubstr("the first 40 tokens; 23 more were left out"));
  expect_error({"fill-mask", "--model", path("out"), "the sky"}, 2, {"the sky", "holds no [MASK]"});
  expect_error({"fill-mask", "--model", path("out"), "--top", "0", "[MASK]"}, 2, {"--top"});
  expect_error({"fill-mask", "--model", path("out"), longer.substr(7) + " [MASK]"}, 2,
               {"no [MASK] in its first 40 tokens"});
}

TEST_F(Pretrain, NextSentenceTakesTwoTexts) {
  ASSERT_EQ(run(anew("out")).exit_code, 0);
  const Arguments ask = {"next-sentence", "--model", path("out"), "the sky is blue.", "the snow is white."};
  const ProgramResult said = run(ask);
  ASSERT_EQ(said.exit_code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("% that the second follows the first"));
  Arguments as_json = ask;
  as_json.emplace_back("--json");
  const double is_next = Json::parse(run(as_json).out).at("is_next");
  EXPECT_GT(is_next, 0);
  EXPECT_LT(is_next, 1);
  expect_error({"next-sentence", "--model", path("out"), "the sky is blue."}, 2, {"second is required"});
  Arguments three = ask;
  three.emplace_back("the rose is red.");
  expect_error(three, 2, {"rose"});
}

TEST_F(Pretrain, ModelsWithoutTheHeadSaySo) {
  testing::write_tiny_checkpoint(files.path() / "classifier");
  expect_error({"fill-mask", "--model", path("classifier"), "[MASK]"}, 1,
               {"classifier", "no trained head", "bertune pretrain"});
  expect_error({"next-sentence", "--model", path("classifier"), "a", "b"}, 1,
               {"classifier", "no trained head", "bertune pretrain"});
  ASSERT_EQ(run(anew("masks", {"--objective", "mlm", "--epochs", "1"})).exit_code, 0);
  EXPECT_EQ(run({"fill-mask", "--model", path("masks"), "[MASK]"}).exit_code, 0);
  expect_error({"next-sentence", "--model", path("masks"), "a", "b"}, 1, {"no trained head"});
  const ProgramResult predicted = run({"predict", "--model", path("masks")}, "the sky\n");
  EXPECT_EQ(predicted.exit_code, 1);
  EXPECT_THAT(predicted.err, AllOf(HasSubstr("BertForMaskedLM"), HasSubstr("bertune fill-mask")));
}

// What pre-training leaves is a model to fine-tune.
TEST_F(Pretrain, LeavesAModelToFineTune) {
  ASSERT_EQ(run(anew("out", {"--epochs", "1"})).exit_code, 0);
  files.write("train.csv", testing::tiny_dataset(64));
  const ProgramResult tuned = run({"train", "--model", path("out"), "--train", path("train.csv"), "--output",
                                   path("tuned"), "--epochs", "1"});
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  EXPECT_THAT(tuned.err, AllOf(HasSubstr("newly initialized: classifier.weight classifier.bias"),
                               Not(HasSubstr("pooler"))));
}

}  // namespace
}  // namespace bertune
