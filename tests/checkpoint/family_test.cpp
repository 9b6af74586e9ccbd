// What config.json and the names of tensors are in each family of models (fixtures of make_head_fixtures.py,
// which Transformers wrote).
#include "checkpoint/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "bertune/config.h"
#include "bertune/error.h"
#include "checkpoint/describe.h"
#include "checkpoint/names.h"
#include "checkpoint_fixtures.h"
#include "core/json.h"

namespace bertune::family_test {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr ModelType kTypes[] = {ModelType::bert, ModelType::distilbert, ModelType::roberta,
                                ModelType::xlm_roberta, ModelType::electra};

std::filesystem::path folder_of(ModelType type, const std::string& head) {
  const std::string prefix(checkpoint::family_of(type).class_prefix);
  return std::filesystem::path(BERTUNE_SOURCE_DIR) / "tests/parity/fixtures/heads" / (prefix + head);
}
std::string a_head_of(ModelType type) {
  return type == ModelType::bert ? "ForTokenClassification" : "ForSequenceClassification";
}

std::set<std::string> keys_of(const std::string& json) {
  std::set<std::string> keys;
  const Json object = parse_json(json, "config.json");
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

BertConfig parse(const std::string& json) { return BertConfig::from_json(json, "config.json"); }

TEST(Family, NamesGoBothWays) {
  for (const ModelType type : kTypes) EXPECT_EQ(model_type_from_string(to_string(type)), type);
  EXPECT_EQ(to_string(ModelType::xlm_roberta), "xlm-roberta");
}

TEST(Family, ANewConfigurationHasTheKeysThatTransformersWrites) {
  for (const ModelType type : kTypes) {
    const auto path = folder_of(type, a_head_of(type)) / "config.json";
    EXPECT_EQ(keys_of(BertConfig::of(type).to_json("X")), keys_of(testing::contents(path))) << path;
  }
}

// Every field changed: what is saved is read back, under the family's own keys.
TEST(Family, FieldsSurviveASave) {
  for (const ModelType type : kTypes) {
    BertConfig config = BertConfig::of(type);
    config.vocab_size = 101, config.hidden_size = 12, config.num_hidden_layers = 3;
    config.num_attention_heads = 4, config.intermediate_size = 20, config.max_position_embeddings = 33;
    config.pad_token_id = 5, config.hidden_act = "relu";
    config.hidden_dropout_prob = 0.3F, config.attention_probs_dropout_prob = 0.4F;
    config.classifier_dropout = 0.25F, config.initializer_range = 0.5F, config.tie_word_embeddings = false;
    if (type == ModelType::distilbert) config.qa_dropout = 0.6F, config.sinusoidal_pos_embds = true;
    if (type != ModelType::distilbert) config.type_vocab_size = 7, config.layer_norm_eps = 1e-6F;
    if (type == ModelType::electra)
      config.embedding_size = 9, config.summary_activation = "tanh", config.summary_last_dropout = 0.7F;
    const BertConfig again = parse(config.to_json("X"));
    EXPECT_EQ(again.model_type, type);
    EXPECT_EQ(again.hidden_size, 12);
    EXPECT_EQ(again.num_attention_heads, 4);
    EXPECT_EQ(again.embedding_size, config.embedding_size);
    EXPECT_EQ(again.qa_dropout, config.qa_dropout);
    EXPECT_EQ(again.sinusoidal_pos_embds, config.sinusoidal_pos_embds);
    EXPECT_EQ(again.summary_activation, config.summary_activation);
    EXPECT_FALSE(again.tie_word_embeddings);
    EXPECT_EQ(again.to_json("X"), config.to_json("X"));
  }
}

TEST(Family, DefaultsAreThoseOfTransformers) {
  const BertConfig distilbert = parse(R"({"model_type": "distilbert"})");
  EXPECT_EQ(distilbert.num_hidden_layers, 6);
  EXPECT_EQ(distilbert.type_vocab_size, 0);
  EXPECT_EQ(distilbert.classifier_dropout, 0.2F);
  EXPECT_EQ(distilbert.qa_dropout, 0.1F);
  const BertConfig roberta = parse(R"({"model_type": "roberta", "max_position_embeddings": 514})");
  EXPECT_EQ(roberta.vocab_size, 50265);
  EXPECT_EQ(roberta.first_position(), 2);
  EXPECT_EQ(roberta.max_length(), 512);
  const BertConfig electra = parse(R"({"model_type": "electra"})");
  EXPECT_EQ(electra.embedding_width(), 128);
  EXPECT_EQ(electra.head_size(), 64);
  EXPECT_EQ(parse(R"({"model_type": "bert"})").max_length(), 512);
}

TEST(Family, RefusesWhatItCannotRunByName) {
  const auto message = [](const std::string& json) { return error_of([&] { parse(json); }); };
  EXPECT_THAT(message(R"({"model_type": "gpt2"})"),
              AllOf(HasSubstr("config.json: \"model_type\" \"gpt2\""),
                    HasSubstr("supported: bert, distilbert, roberta, xlm-roberta, electra"),
                    Not(HasSubstr("was meant"))));
  EXPECT_THAT(message(R"({"model_type": "albert"})"), HasSubstr("\"albert\""));
  EXPECT_THAT(message(R"({"model_type": "distlibert"})"),
              HasSubstr("if \"distilbert\" was meant, correct it"));
  EXPECT_THAT(message(R"({"model_type": "distilbert", "dim": 10, "n_heads": 3})"),
              HasSubstr("\"n_heads\" is 3, which does not divide \"dim\" 10"));
  EXPECT_THAT(message(R"({"model_type": "distilbert", "dim": 0})"), HasSubstr("\"dim\" is 0"));
  EXPECT_THAT(message(R"({"model_type": "roberta", "max_position_embeddings": 2})"),
              AllOf(HasSubstr("\"max_position_embeddings\" is 2"), HasSubstr("room for none")));
  EXPECT_THAT(message(R"({"model_type": "roberta", "pad_token_id": null})"), HasSubstr("\"pad_token_id\""));
  for (const char* other :
       {R"("summary_type": "mean")", R"("summary_use_proj": false)", R"("summary_first_dropout": 0.5)",
        R"("summary_activation": null)", R"("embedding_size": 0)"}) {
    const std::string json = std::string(R"({"model_type": "electra", )") + other + "}";
    EXPECT_THAT(message(json), HasSubstr("expected")) << json;
  }
  EXPECT_THAT(message(R"({"dim": 10, "n_layers": 2})"), HasSubstr("nor the key \"vocab_size\""));
}

TEST(Family, TensorsHaveTheirOwnNames) {
  using checkpoint::own_name;
  EXPECT_EQ(own_name(ModelType::bert, "bert.encoder.layer.3.output.dense.bias"),
            "bert.encoder.layer.3.output.dense.bias");
  EXPECT_EQ(own_name(ModelType::distilbert, "bert.encoder.layer.3.attention.self.key.bias"),
            "distilbert.transformer.layer.3.attention.k_lin.bias");
  EXPECT_EQ(own_name(ModelType::distilbert, "bert.encoder.layer.3.attention.output.LayerNorm.weight"),
            "distilbert.transformer.layer.3.sa_layer_norm.weight");
  EXPECT_EQ(own_name(ModelType::roberta, "cls.predictions.bias"), "lm_head.bias");
  EXPECT_EQ(own_name(ModelType::xlm_roberta, "bert.pooler.dense.weight"), "roberta.pooler.dense.weight");
  EXPECT_EQ(own_name(ModelType::electra, "bert.embeddings_project.bias"), "electra.embeddings_project.bias");
  EXPECT_EQ(checkpoint::layer_number("distilbert.transformer.layer.11.ffn.lin1.weight"), 11);
  EXPECT_EQ(checkpoint::layer_number("roberta.encoder.layer.0.output.dense.bias"), 0);
  for (const char* other : {"classifier.weight", "bert.encoder.layer.x.y", "bert.encoder.layer.3", ""})
    EXPECT_EQ(checkpoint::layer_number(other), std::nullopt) << other;
}

TEST(Family, BareTensorsGetThePrefixAndCopiesAreKnown) {
  using checkpoint::canonical_name;
  using checkpoint::NameKind;
  EXPECT_EQ(canonical_name("transformer.layer.0.ffn.lin1.bias", ModelType::distilbert).name,
            "distilbert.transformer.layer.0.ffn.lin1.bias");
  EXPECT_EQ(canonical_name("embeddings.LayerNorm.gamma", ModelType::roberta).name,
            "roberta.embeddings.LayerNorm.weight");
  EXPECT_EQ(canonical_name("module.embeddings_project.bias", ModelType::electra).name,
            "electra.embeddings_project.bias");
  EXPECT_EQ(canonical_name("roberta.embeddings.position_ids", ModelType::roberta).kind, NameKind::buffer);
  EXPECT_EQ(canonical_name("vocab_projector.weight", ModelType::distilbert).name,
            "distilbert.embeddings.word_embeddings.weight");
  EXPECT_EQ(canonical_name("vocab_projector.weight", ModelType::distilbert).kind, NameKind::tied_copy);
  EXPECT_EQ(canonical_name("vocab_projector.bias", ModelType::distilbert).kind, NameKind::weight);
  EXPECT_EQ(canonical_name("lm_head.decoder.bias", ModelType::roberta).name, "lm_head.bias");
}

TEST(Family, DescribeCountsEveryPart) {
  const auto folder = folder_of(ModelType::distilbert, "ForMaskedLM");
  const std::string text = checkpoint::describe(folder);
  EXPECT_THAT(text, AllOf(HasSubstr("distilbert"), HasSubstr("DistilBertForMaskedLM"), HasSubstr("layer 1"),
                          Not(HasSubstr("other")), Not(HasSubstr("stored as"))));
  const Json electra = checkpoint::describe_json(folder_of(ModelType::electra, "ForMultipleChoice"));
  const Json& counts = electra.at("parameters");
  EXPECT_EQ(counts.at("embeddings"), (30 + 32 + 2 + 2) * 6 + 6 * 8 + 8);  // with the projection
  EXPECT_EQ(counts.at("layers").size(), 2U);
  EXPECT_EQ(counts.at("head"), 8 * 8 + 8 + 8 + 1);
  EXPECT_EQ(counts.at("other"), 0);
  EXPECT_EQ(electra.at("config").at("embedding_size"), 6);
}

}  // namespace
}  // namespace bertune::family_test
