// bertune as a user runs it on the relatives of BERT: tiny random checkpoints with a WordPiece vocabulary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::Program;
using testing::ProgramResult;
using testing::run;
using testing::tiny_config;
using testing::tiny_dataset;
using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

class FamilyCommandLine : public testing::ProgramTest {
 protected:
  void SetUp() override {
    files.write("train.csv", tiny_dataset(96));
    files.write("validation.csv", tiny_dataset(32, 1000));
    files.write("test.csv", tiny_dataset(32, 2000));
    files.write("texts.txt",
                "the film was good .\nthe food was bad .\n\nthe film was fine .\nvery poor food .\n");
  }

  Arguments train(const std::string& base, const std::string& output, const Arguments& more = {}) const {
    Arguments all = {"train",
                     "--model",
                     path(base),
                     "--train",
                     path("train.csv"),
                     "--validation",
                     path("validation.csv"),
                     "--output",
                     path(output),
                     "--learning-rate",
                     "3e-3",
                     "--epochs",
                     "6",
                     "--batch-size",
                     "8",
                     "--threads",
                     "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void expect_error(const Arguments& arguments, int code, const Arguments& parts) const {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, code) << result.err;
    const std::size_t at = result.err.find("error: ");
    ASSERT_NE(at, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("error: ", at + 1), std::string::npos) << result.err;
    for (const std::string& part : parts) EXPECT_THAT(result.err.substr(at), HasSubstr(part));
  }
};

TEST_F(FamilyCommandLine, DistilBertTrainsResumesEvaluatesAndPredicts) {
  testing::write_tiny_checkpoint(files.path() / "base", tiny_config(ModelType::distilbert));
  const Arguments more = {"--test", path("test.csv"), "--save-every", "12"};
  const ProgramResult whole = run(train("base", "whole", more));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_GE(json("whole/all_results.json").at("test_accuracy").get<double>(), 0.9) << whole.out;

  Program killed(train("base", "resumed", more));
  killed.wait_until([&] { return exists("resumed/checkpoint-24"); });
  killed.signal(SIGKILL);
  killed.wait();
  ASSERT_EQ(
      run(train("base", "resumed", {"--test", path("test.csv"), "--save-every", "12", "--resume"})).exit_code,
      0);
  EXPECT_EQ(files.read("resumed/model.safetensors"), files.read("whole/model.safetensors"));

  const Json config = json("whole/config.json");
  EXPECT_EQ(config.at("model_type"), "distilbert");
  EXPECT_EQ(config.at("architectures"), Json::array({"DistilBertForSequenceClassification"}));
  EXPECT_EQ(config.at("dim"), 32);
  EXPECT_FALSE(config.contains("hidden_size"));
  EXPECT_EQ(json("whole/tokenizer_config.json").at("model_input_names"),
            Json::array({"input_ids", "attention_mask"}));

  const ProgramResult evaluated =
      run({"evaluate", "--model", path("whole"), "--test", path("test.csv"), "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(Json::parse(evaluated.out).at("test_accuracy"),
            json("whole/all_results.json").at("test_accuracy"));
  const ProgramResult predicted = run({"predict", "--model", path("whole")}, "the film was good a\n");
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_EQ(Json::parse(predicted.out).at("label"), "positive");
  ASSERT_EQ(run({"convert", "--model", path("whole"), "--output", path("half"), "--save-dtype", "float16"})
                .exit_code,
            0);
  EXPECT_EQ(json("half/config.json").at("model_type"), "distilbert");
  EXPECT_EQ(run({"predict", "--model", path("half")}, "the film was good a\n").exit_code, 0);
  const ProgramResult inspected = run({"inspect", path("whole")});
  EXPECT_THAT(inspected.out,
              AllOf(HasSubstr("DistilBertForSequenceClassification"), HasSubstr("pre_classifier.bias")));
}

TEST_F(FamilyCommandLine, OthersLearnToo) {
  for (const ModelType type : {ModelType::roberta, ModelType::electra}) {
    const std::string base(to_string(type));
    BertConfig config = tiny_config(type);
    if (type == ModelType::roberta) config.pad_token_id = 0;  // as this vocabulary has it
    testing::write_tiny_checkpoint(files.path() / base, config);
    const ProgramResult result =
        run(train(base, base + "-out", {"--test", path("test.csv"), "--epochs", "20"}));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_GE(json(base + "-out/all_results.json").at("test_accuracy").get<double>(), 0.9) << result.out;
    EXPECT_EQ(json(base + "-out/config.json").at("model_type"), base);
  }
}

TEST_F(FamilyCommandLine, GoesOnPretrainingWithMaskedWords) {
  testing::write_tiny_checkpoint(files.path() / "base", tiny_config(ModelType::distilbert));
  const auto pretrain = [&](const std::string& base, const Arguments& more) {
    Arguments all = {"pretrain", "--model",          path(base), "--train", path("texts.txt"),
                     "--output", path(base + "-lm"), "--epochs", "1",       "--threads",
                     "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_error(pretrain("base", {}), 2, {"distilbert", "DistilBertForPreTraining", "--objective mlm"});
  EXPECT_FALSE(exists("base-lm/model.safetensors"));
  const ProgramResult result = run(pretrain("base", {"--objective", "mlm"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json("base-lm/config.json").at("architectures"), Json::array({"DistilBertForMaskedLM"}));
  const ProgramResult filled =
      run({"fill-mask", "--model", path("base-lm"), "--json", "the [MASK] was good"});
  ASSERT_EQ(filled.exit_code, 0) << filled.err;
  EXPECT_EQ(Json::parse(filled.out).at("masks").size(), 1U);

  testing::write_tiny_checkpoint(files.path() / "electra", tiny_config(ModelType::electra));
  expect_error(pretrain("electra", {"--objective", "mlm"}), 2, {"electra", "ElectraForMaskedLM"});
  expect_error({"fill-mask", "--model", path("electra"), "the [MASK]"}, 2, {"ElectraForMaskedLM"});
  expect_error({"next-sentence", "--model", path("base-lm"), "a", "b"}, 2,
               {"DistilBertForNextSentencePrediction"});
}

// A generator is an encoder as any other; its head for words is left aside.
TEST_F(FamilyCommandLine, ElectraGeneratorIsABaseToTrainOn) {
  testing::write_tiny_checkpoint(files.path() / "whole", tiny_config(ModelType::electra));
  const checkpoint::SafetensorsFile whole(files.path() / "whole/model.safetensors");
  std::vector<checkpoint::TensorView> tensors;
  for (std::size_t i = 0; i < whole.tensors().size(); ++i) {
    const checkpoint::StoredTensor& tensor = whole.tensors()[i];
    std::string name = tensor.name;
    if (name.starts_with("classifier.")) name = "generator_predictions." + name;
    tensors.push_back({name, tensor.dtype, tensor.shape, whole.bytes(i)});
  }
  testing::write_tiny_checkpoint(files.path() / "generator", tiny_config(ModelType::electra));
  checkpoint::write_safetensors(files.path() / "generator/model.safetensors", std::move(tensors));
  Json config = json("generator/config.json");
  config["architectures"] = {"ElectraForMaskedLM"};
  files.write("generator/config.json", config.dump());
  expect_error({"evaluate", "--model", path("generator"), "--test", path("test.csv")}, 1,
               {"no trained head", "classifier.dense.weight"});
  const ProgramResult result = run(train("generator", "out", {"--epochs", "1"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("not used"));
}

TEST_F(FamilyCommandLine, BadCheckpointsAreSaidOnce) {
  testing::write_tiny_checkpoint(files.path() / "base", tiny_config(ModelType::roberta));
  const std::string original = files.read("base/config.json");
  const auto with = [&](const std::string& key, const Json& value) {
    Json config = Json::parse(original);
    config[key] = value;
    files.write("base/config.json", config.dump());
  };
  with("model_type", "roberto");
  expect_error(train("base", "out"), 1,
               {"\"roberto\"", "supported: bert, distilbert", "\"roberta\" was meant"});
  with("type_vocab_size", 1);
  expect_error(train("base", "out"), 1,
               {"roberta.embeddings.token_type_embeddings.weight", "[2, 32]", "[1, 32]"});
  with("max_position_embeddings", 2);
  expect_error(train("base", "out"), 1, {"config.json", "room for none"});
  with("max_position_embeddings", 400);
  expect_error(train("base", "out"), 1, {"position_embeddings", "[40, 32]", "[400, 32]"});
  with("num_attention_heads", 5);
  expect_error(train("base", "out"), 1, {"does not divide"});
  with("model_type", "bert");
  expect_error(train("base", "out"), 1, {"encoder's tensors are missing"});
  with("max_position_embeddings", 40);
  expect_error(train("base", "out", {"--max-length", "39"}), 2, {"--max-length is 39", "3 to 38"});
}

}  // namespace
}  // namespace bertune
