#include "bertune/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"
#include "checkpoint_fixtures.h"
#include "core/json.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

BertConfig parse(const std::string& json) { return BertConfig::from_json(json, "config.json"); }

// A configuration with one key set to a value.
std::string with(const std::string& key, const std::string& value) {
  Json json = parse_json(R"({"model_type": "bert", "hidden_size": 8, "num_attention_heads": 2})", "test");
  json[key] = parse_json(value, "test");
  return json.dump();
}

TEST(Config, TakesTheDefaultsOfBertBase) {
  const BertConfig config = parse(R"({"model_type": "bert"})");
  EXPECT_EQ(config.hidden_size, 768);
  EXPECT_EQ(config.head_size(), 64);
  EXPECT_EQ(config.hidden_act, "gelu");
  EXPECT_EQ(config.layer_norm_eps, 1e-12F);
  EXPECT_FALSE(config.classifier_dropout);
  EXPECT_FALSE(config.problem_type);
  EXPECT_THAT(config.id2label, ElementsAre("LABEL_0", "LABEL_1"));
}

TEST(Config, ReadsLabelsInTheOrderOfTheirIds) {
  EXPECT_THAT(
      parse(with("id2label", R"({"10":"k","2":"c","0":"a","1":"b","3":"d","4":"e","5":"f","6":"g","7":"h",
                                         "8":"i","9":"j"})"))
          .id2label,
      ElementsAre("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"));
  EXPECT_THAT(parse(with("num_labels", "3")).id2label, ElementsAre("LABEL_0", "LABEL_1", "LABEL_2"));
  EXPECT_THAT(parse(with("id2label", "null")).id2label, ElementsAre("LABEL_0", "LABEL_1"));
  EXPECT_THAT(parse(with("id2label", "{}")).id2label, ElementsAre("LABEL_0", "LABEL_1"));
}

TEST(Config, ReadsGooglesConfigurationWithoutModelType) {
  EXPECT_EQ(parse(R"({"vocab_size": 100, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
                      "intermediate_size": 16})")
                .vocab_size,
            100);
  EXPECT_THAT(error_of([] { parse(R"({"vocab_size": 100})"); }), HasSubstr("hidden_size"));
}

TEST(Config, TellsNullPadTokenAndDropoutApart) {
  EXPECT_EQ(parse(with("pad_token_id", "null")).pad_token_id, kNoPadToken);
  EXPECT_EQ(parse(with("pad_token_id", "3")).pad_token_id, 3);
  EXPECT_FALSE(parse(with("classifier_dropout", "null")).classifier_dropout);
  EXPECT_EQ(parse(with("classifier_dropout", "0")).classifier_dropout, 0.0F);
}

TEST(Config, RefusesEveryValueThatCannotBe) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"hidden_size", "0"},
      {"hidden_size", "-768"},
      {"hidden_size", "768.0"},
      {"hidden_size", "\"768\""},
      {"hidden_size", "true"},
      {"hidden_size", "65538"},
      {"hidden_size", "9"},  // not divided by the 2 heads
      {"hidden_size", "18446744073709551615"},
      {"hidden_size", "1e30"},
      {"num_hidden_layers", "1025"},
      {"num_attention_heads", "0"},
      {"intermediate_size", "[1]"},
      {"vocab_size", "10000001"},
      {"max_position_embeddings", "0"},
      {"type_vocab_size", "0"},
      {"pad_token_id", "-1"},
      {"pad_token_id", "30522"},
      {"hidden_act", "\"gelu2\""},
      {"hidden_act", "3"},
      {"hidden_dropout_prob", "1"},
      {"hidden_dropout_prob", "-0.1"},
      {"hidden_dropout_prob", "0.99999999999"},  // 1 as f32
      {"attention_probs_dropout_prob", "\"0.1\""},
      {"classifier_dropout", "2"},
      {"layer_norm_eps", "-1e-12"},
      {"initializer_range", "1e40"},
      {"problem_type", "\"classification\""},
      {"position_embedding_type", "\"relative_key\""},
      {"is_decoder", "true"},
      {"add_cross_attention", "true"},
      {"pruned_heads", "{\"0\": [1]}"},
      {"id2label", "[\"a\"]"},
      {"id2label", "{\"1\": \"a\"}"},
      {"id2label", "{\"0\": \"a\", \"00\": \"b\"}"},
      {"id2label", "{\"a\": \"a\"}"},
      {"id2label", "{\"-1\": \"a\"}"},
      {"id2label", "{\"99999999999999999999\": \"a\"}"},
      {"id2label", "{\"0\": null}"},
      {"num_labels", "0"},
      {"num_labels", "1000001"},
      {"model_type", "3"},
      {"tie_word_embeddings", "1"},
  };
  for (const auto& [key, value] : cases) {
    SCOPED_TRACE(key + " = " + value);
    EXPECT_THAT(error_of([&] { parse(with(key, value)); }), AllOf(HasSubstr("config.json"), HasSubstr(key)));
  }
}

TEST(Config, SaysWhatIsExpected) {
  EXPECT_THAT(error_of([] { parse(with("hidden_act", "\"glue\"")); }),
              AllOf(HasSubstr("\"hidden_act\" is \"glue\""), HasSubstr("gelu_new"), HasSubstr("silu")));
  EXPECT_THAT(error_of([] { parse(with("model_type", "\"t5\"")); }),
              AllOf(HasSubstr("\"t5\""), HasSubstr("supported: bert, distilbert")));
  EXPECT_THAT(error_of([] { problem_type_from_string("binary"); }), HasSubstr("multi_label_classification"));
  EXPECT_THAT(error_of([] {
                parse(R"({"model_type": "bert", "id2label": {"0": "x"},
                                      "problem_type": "single_label_classification"})");
              }),
              HasSubstr("problem_type"));
  EXPECT_THAT(error_of([] { parse("{\"model_type\": "); }), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of([] { parse("[]"); }), HasSubstr("array"));
  EXPECT_THAT(error_of([] { parse(""); }), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of([] { parse("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"); }),
              HasSubstr("git lfs pull"));
}

TEST(Config, RefusesBottomlessNesting) {
  const std::string deep(200'000, '[');
  EXPECT_THAT(error_of([&] { parse(R"({"model_type": "bert", "x": )" + deep); }), HasSubstr("nested"));
}

TEST(Config, SavesWhatTransformersSaves) {
  const BertConfig config = BertConfig::from_pretrained(testing::fixture("classifier"));
  const std::string expected = testing::contents(testing::fixture("classifier") / "config.json");
  EXPECT_EQ(parse_json(config.to_json("BertForSequenceClassification"), "saved"),
            parse_json(expected, "expected"));
}

TEST(Config, KeepsUnknownKeysAndDropsWrongOnes) {
  BertConfig config = parse(R"({"model_type": "bert", "torch_dtype": "float16", "_name_or_path": "/home/x",
      "quantization_config": {"bits": 4}, "num_labels": 5, "auto_map": {}, "gradient_checkpointing": false,
      "my_note": {"a": [1, 2]}, "transformers_version": "4.8.2", "label2id": {"old": 0}, "eos_token_id": 7,
      "problem_type": "regression", "architectures": ["BertModel"]})");
  config.id2label = {"nein", "ja"};
  config.problem_type.reset();
  config.hidden_dropout_prob = 0.3F;
  const Json saved = parse_json(config.to_json("BertForSequenceClassification"), "saved");
  for (const char* key : {"torch_dtype", "_name_or_path", "quantization_config", "num_labels", "auto_map"}) {
    EXPECT_FALSE(saved.contains(key)) << key;
  }
  EXPECT_EQ(saved["my_note"].dump(), R"({"a":[1,2]})");
  EXPECT_EQ(saved["transformers_version"], "4.8.2");
  EXPECT_EQ(saved["dtype"], "float32");
  EXPECT_EQ(saved["eos_token_id"], 7);
  EXPECT_EQ(saved["architectures"].dump(), R"(["BertForSequenceClassification"])");
  EXPECT_EQ(saved["label2id"].dump(), R"({"ja":1,"nein":0})");
  EXPECT_FALSE(saved.contains("problem_type"));
  EXPECT_EQ(saved["hidden_dropout_prob"].dump(), "0.3");
  EXPECT_EQ(saved["layer_norm_eps"].dump(), "1e-12");
}

TEST(Config, SaysWhatAFolderWithoutOneHolds) {
  const testing::TemporaryDirectory directory;
  const auto message = [&] { return error_of([&] { BertConfig::from_pretrained(directory.path()); }); };
  EXPECT_THAT(message(), HasSubstr("has no config.json; give a folder"));
  for (const char* folder : {"checkpoint-9", "checkpoint-12", "checkpoint-x"})
    std::filesystem::create_directory(directory.path() / folder);
  EXPECT_THAT(message(), HasSubstr("has not finished; run the same command with `train(resume)`, or use " +
                                   (directory.path() / "checkpoint-12").string()));
  directory.write("bert_config.json", "{}");
  EXPECT_THAT(message(), HasSubstr("Google"));
  directory.write("adapter_config.json", "{}");
  EXPECT_THAT(message(), HasSubstr("LoRA"));
  EXPECT_THAT(error_of([&] { BertConfig::from_pretrained(directory.path() / "none"); }),
              HasSubstr("no such folder"));
  EXPECT_THAT(error_of([&] { BertConfig::from_pretrained(directory.path() / "bert_config.json"); }),
              HasSubstr("is a file"));
}

}  // namespace
}  // namespace bertune
