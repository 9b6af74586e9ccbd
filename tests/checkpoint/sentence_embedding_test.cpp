// The files of the sentence-transformers package: old and new forms, and what is refused.
#include "bertune/sentence_embedding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bertune/error.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* kOldModules = R"([
  {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
  {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])";
constexpr const char* kNewModules = R"([
  {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
  {"idx": 1, "name": "1", "path": "1_Pooling",
   "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
  {"idx": 2, "name": "2", "path": "2_Normalize",
   "type": "sentence_transformers.base.modules.normalize.Normalize"}])";

class SentenceEmbeddingFiles : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_.path() / "1_Pooling"); }
  SentenceEmbeddingConfig read(const std::string& modules, const std::string& pooling,
                               const std::string& transformer = "{}") const {
    folder_.write("modules.json", modules);
    folder_.write("1_Pooling/config.json", pooling);
    folder_.write("sentence_bert_config.json", transformer);
    return SentenceEmbeddingConfig::from_pretrained(folder_.path()).value();
  }
  std::string message(const std::string& modules, const std::string& pooling,
                      const std::string& transformer = "{}") const {
    try {
      read(modules, pooling, transformer);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  testing::TemporaryDirectory folder_;
};

TEST_F(SentenceEmbeddingFiles, OldForm) {
  const SentenceEmbeddingConfig config = read(
      kOldModules,
      R"({"word_embedding_dimension": 384, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false,
               "pooling_mode_max_tokens": false})",
      R"({"max_seq_length": 256, "do_lower_case": true})");
  EXPECT_EQ(config.pooling, Pooling::cls);
  EXPECT_FALSE(config.normalize);
  EXPECT_TRUE(config.do_lower_case);
  EXPECT_EQ(config.max_seq_length, 256);
}

TEST_F(SentenceEmbeddingFiles, NewForm) {
  for (const Pooling pooling : {Pooling::mean, Pooling::cls, Pooling::max, Pooling::mean_sqrt_len_tokens}) {
    const SentenceEmbeddingConfig config =
        read(kNewModules, Json{{"embedding_dimension", 8}, {"pooling_mode", to_string(pooling)}}.dump());
    EXPECT_EQ(config.pooling, pooling);
    EXPECT_TRUE(config.normalize);
    EXPECT_FALSE(config.max_seq_length.has_value());
  }
  EXPECT_EQ(read(kNewModules, R"({"pooling_mode": ["max"]})").pooling, Pooling::max);
  EXPECT_EQ(read(kNewModules, "{}").pooling, Pooling::mean);  // the package's default
  EXPECT_EQ(read(kNewModules, "{}", R"({"max_seq_length": null})").max_seq_length, std::nullopt);
}

TEST_F(SentenceEmbeddingFiles, NamesOfOlderPackages) {
  read(kOldModules, "{}");
  std::filesystem::rename(folder_.path() / "sentence_bert_config.json",
                          folder_.path() / "sentence_distilbert_config.json");
  folder_.write("sentence_distilbert_config.json", R"({"max_seq_length": 77})");
  EXPECT_EQ(SentenceEmbeddingConfig::from_pretrained(folder_.path())->max_seq_length, 77);
}

TEST_F(SentenceEmbeddingFiles, NoneAndThoseOfTheBase) {
  const testing::TemporaryDirectory empty;
  EXPECT_EQ(SentenceEmbeddingConfig::from_pretrained(empty.path()), std::nullopt);
  read(kOldModules, R"({"pooling_mode": "max"})");
  EXPECT_EQ(SentenceEmbeddingConfig::from_pretrained(empty.path(), folder_.path())->pooling, Pooling::max);
}

TEST_F(SentenceEmbeddingFiles, WhatIsSavedIsRead) {
  for (const bool normalize : {false, true}) {
    const SentenceEmbeddingConfig config{
        .pooling = Pooling::max, .normalize = normalize, .do_lower_case = true, .max_seq_length = 99};
    const testing::TemporaryDirectory saved;
    config.save(saved.path(), 8);
    EXPECT_EQ(SentenceEmbeddingConfig::from_pretrained(saved.path()), config);
    const Json pooling = Json::parse(saved.read("1_Pooling/config.json"));
    EXPECT_EQ(pooling.at("word_embedding_dimension"), 8);
    EXPECT_EQ(pooling.at("pooling_mode_max_tokens"), true);
    EXPECT_EQ(pooling.at("pooling_mode_mean_tokens"), false);
  }
}

TEST_F(SentenceEmbeddingFiles, RefusesWhatItDoesNotCompute) {
  const auto modules = [](const std::string& first, const std::string& second, const std::string& path) {
    return Json::array({{{"type", first}, {"path", path}}, {{"type", second}, {"path", "1_Pooling"}}}).dump();
  };
  const std::string transformer = "sentence_transformers.models.Transformer",
                    pooling = "sentence_transformers.models.Pooling";
  EXPECT_THAT(message(R"([{"type": "sentence_transformers.models.CLIPModel", "path": ""}])", "{}"),
              HasSubstr("modules.json: the modules are CLIPModel; Bertune computes Transformer, Pooling"));
  EXPECT_THAT(message(modules(transformer, "sentence_transformers.models.Dense", ""), "{}"),
              HasSubstr("Transformer, Dense"));
  EXPECT_THAT(message(modules("custom_st.Transformer", pooling, ""), "{}"), HasSubstr("code of its own"));
  EXPECT_THAT(message(modules(transformer, pooling, "0_Transformer"), "{}"),
              HasSubstr("the Transformer lies in \"0_Transformer\""));
  EXPECT_THAT(
      message(kOldModules, R"({"pooling_mode": "lasttoken"})"),
      HasSubstr("the pooling is lasttoken; Bertune computes one of mean, cls, max, mean_sqrt_len_tokens"));
  EXPECT_THAT(message(kOldModules, R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})"),
              HasSubstr("mean with cls"));
  read(kOldModules, "{}");
  folder_.write("config_sentence_transformers.json",
                R"({"prompts": {"query": "query: "}, "default_prompt_name": "query"})");
  EXPECT_THAT(message(kOldModules, "{}"),
              HasSubstr("Bertune adds no prompts: put \"query: \" before the texts"));
  folder_.write("config_sentence_transformers.json",
                R"({"prompts": {"query": "query: "}, "default_prompt_name": null})");
  EXPECT_EQ(message(kOldModules, "{}"), "no error");
}

TEST_F(SentenceEmbeddingFiles, RefusesWhatCannotBe) {
  const auto with_path = [](const std::string& path) {
    return Json::array({{{"type", "sentence_transformers.models.Transformer"}, {"path", ""}},
                        {{"type", "sentence_transformers.models.Pooling"}, {"path", path}}})
        .dump();
  };
  for (const char* path : {"../1_Pooling", "/etc", "a/../../b"})
    EXPECT_THAT(message(with_path(path), "{}"), HasSubstr("lies outside of the model's folder"));
  EXPECT_THAT(message(with_path("2_Pooling"), "{}"), HasSubstr("2_Pooling/config.json"));
  EXPECT_THAT(message("{}", "{}"), HasSubstr("must be a list of modules"));
  EXPECT_THAT(message("[]", "{}"), HasSubstr("the modules are none"));
  EXPECT_THAT(message("[1]", "{}"), HasSubstr("a module has no \"type\""));
  EXPECT_THAT(message(R"([{"type": 3, "path": ""}])", "{}"), HasSubstr("a module has no \"type\""));
  EXPECT_THAT(message("not json", "{}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(message(std::string(100000, '['), "{}"), HasSubstr("modules.json"));
  EXPECT_THAT(message(kOldModules, "[]"), HasSubstr("1_Pooling/config.json"));
  EXPECT_THAT(message(kOldModules, R"({"pooling_mode": 7})"), HasSubstr("it must be a name"));
  EXPECT_THAT(message(kOldModules, R"({"pooling_mode": []})"), HasSubstr("Bertune computes one of"));
  EXPECT_THAT(message(kOldModules, R"({"pooling_mode_cls_token": "yes"})"),
              HasSubstr("pooling_mode_cls_token"));
  EXPECT_THAT(message(kOldModules, "{}", R"({"max_seq_length": 0})"), HasSubstr("max_seq_length"));
  EXPECT_THAT(message(kOldModules, "{}", R"({"max_seq_length": 1e300})"), HasSubstr("max_seq_length"));
  EXPECT_THROW(pooling_from_string("median"), UsageError);
}

}  // namespace
}  // namespace bertune
