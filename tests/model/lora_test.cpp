// Low-rank adaptation: gradients, what is trained and saved, and the folders of adapters, also hostile ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bertune/error.h"
#include "bertune/model.h"
#include "model/adapters/lora.h"
#include "model/weights.h"
#include "support/message_of.h"
#include "support/tiny_checkpoint.h"

namespace bertune::lora_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using Json = nlohmann::json;

const std::vector<std::string> kEvery = {"all-linear"};

Batch batch_of(Architecture architecture) {
  Batch batch;
  for (int s = 0; s < 4; ++s) {
    std::vector<std::int32_t> ids = {2};
    for (int t = 0; t < 2 + s; ++t) ids.push_back(5 + (s * 7 + t * 3) % 40);
    batch.add(ids, {});
    if (architecture == Architecture::sequence_classification) {
      batch.labels.push_back(s % 2);
    } else {
      for (std::size_t t = 0; t < ids.size(); ++t) batch.labels.push_back(static_cast<std::int32_t>(t % 2));
    }
  }
  return batch;
}

class Lora : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(base());
    ::setenv("HF_HUB_CACHE", (files.path() / "hub").c_str(), 1);
    ::setenv("HF_HUB_OFFLINE", "1", 1);
  }
  std::filesystem::path base() const { return files.path() / "base"; }
  std::filesystem::path adapter() const { return files.path() / "adapter"; }

  BertPreTrainedModel load(const LoraConfig& config,
                           Architecture architecture = Architecture::sequence_classification) const {
    return BertPreTrainedModel::from_pretrained(base(), architecture,
                                                {.hidden_dropout_prob = 0.0F,
                                                 .attention_probs_dropout_prob = 0.0F,
                                                 .classifier_dropout = 0.0F,
                                                 .lora = config});
  }
  // With B no longer zero.
  static void stir(BertPreTrainedModel& model) {
    int at = 0;
    for (const Parameter& p : model.parameters().layout()) {
      if (!p.trainable) continue;
      for (float& value : model.parameters().value(p.name))
        value += 0.1F * static_cast<float>(std::sin(++at));
    }
    model.training() ? model.train() : model.eval();
  }
  static std::vector<float> logits(BertPreTrainedModel& model) {
    const auto output = model.forward(batch_of(model.architecture())).logits;
    return {output.begin(), output.end()};
  }
  std::filesystem::path save(const BertPreTrainedModel& model) const {
    std::filesystem::create_directories(adapter());
    model.save_weights(adapter());
    return adapter();
  }

  testing::TemporaryDirectory files;
};

TEST_F(Lora, BeginsAsTheBaseAndTrainsTheAdapterAndTheClassifier) {
  auto model = load({.r = 4}),
       plain = BertPreTrainedModel::from_pretrained(base(), Architecture::sequence_classification);
  EXPECT_EQ(logits(model), logits(plain));
  std::vector<std::string> trained;
  for (const Parameter& p : model.parameters().layout()) {
    if (p.trainable) trained.push_back(p.name);
  }
  const std::string layer0 = "bert.encoder.layer.0.attention.self.",
                    layer1 = "bert.encoder.layer.1.attention.self.";
  EXPECT_THAT(trained, ElementsAre("classifier.weight", "classifier.bias", layer0 + "query.lora_A.weight",
                                   layer0 + "query.lora_B.weight", layer0 + "value.lora_A.weight",
                                   layer0 + "value.lora_B.weight", layer1 + "query.lora_A.weight",
                                   layer1 + "query.lora_B.weight", layer1 + "value.lora_A.weight",
                                   layer1 + "value.lora_B.weight"));
  for (const float a : model.parameters().value(layer0 + "query.lora_A.weight"))
    EXPECT_LE(std::abs(a), 1 / std::sqrt(32.0F));
  EXPECT_THAT(model.lora()->modules_to_save, ElementsAre("classifier"));
}

// The matrix products of an adapter against differences of the loss, in every linear map and both kinds of
// last layer.
TEST_F(Lora, GradientsAreThoseOfTheLoss) {
  for (const Architecture architecture :
       {Architecture::sequence_classification, Architecture::token_classification}) {
    for (const bool rslora : {false, true}) {
      auto model =
          load({.r = 3, .lora_alpha = 5, .use_rslora = rslora, .target_modules = kEvery}, architecture);
      model.train();
      stir(model);
      const Batch batch = batch_of(architecture);
      const auto loss = [&] { return static_cast<double>(model.forward(batch).loss); };
      model.parameters().zero_grad();
      loss();
      model.backward();
      for (const Parameter& p : model.parameters().layout()) {
        if (!p.trainable) continue;
        // Along the gradient the loss rises by its norm: one number a matrix, and a large one.
        const std::span<float> values = model.parameters().value(p.name),
                               gradient = model.parameters().gradient(p.name);
        const std::vector<float> kept(values.begin(), values.end());
        double norm = 0;
        for (const float g : gradient) norm += static_cast<double>(g) * g;
        norm = std::sqrt(norm);
        ASSERT_GT(norm, 1e-5) << p.name;
        const auto moved = [&](double step) {
          for (std::size_t i = 0; i < kept.size(); ++i)
            values[i] = static_cast<float>(kept[i] + step * gradient[i] / norm);
          return loss();
        };
        constexpr double kStep = 2e-2;
        const double slope =
            (8 * (moved(kStep) - moved(-kStep)) - (moved(2 * kStep) - moved(-2 * kStep))) / (12 * kStep);
        EXPECT_NEAR(slope, norm, 2e-2 * norm + 2e-5) << p.name;
        moved(0);
      }
    }
  }
}

// Between the batches of one step nothing is merged again; whatever changes is, to the bits of a new merge.
TEST_F(Lora, WeightsAreMergedWhereTheirMatricesHaveChanged) {
  auto adapted = load({.r = 2, .target_modules = {"query", "output.dense"}});
  stir(adapted);
  Parameters& parameters = adapted.parameters();
  const model::WeightViews views(parameters,
                                 {.type = ModelType::bert, .low_rank_scale = 8, .gradients = &parameters});
  model::EncoderWeights weights = model::encoder_weights(adapted.config(), views);
  model::MergedWeights merged(weights);
  const auto bits = [](const model::EncoderWeights& of) {
    std::vector<float> values;
    for (const model::EncoderLayerWeights& layer : of.layers) {
      for (const model::Linear* linear :
           {&layer.query_key_value.whole, &layer.attention_output, &layer.intermediate, &layer.output})
        values.insert(values.end(), linear->weight.value, linear->weight.value + linear->out * linear->in);
    }
    return values;
  };
  EXPECT_EQ(merged.merge(), 0);
  for (const Parameter& p : parameters.layout()) {
    if (!model::is_low_rank(p.name)) continue;
    const std::span<float> values = parameters.value(p.name);
    for (const std::size_t at : {std::size_t{0}, values.size() / 2, values.size() - 1}) {
      const std::vector<float> before = bits(weights);
      const float kept = values[at];
      values[at] += 0.25F;
      EXPECT_EQ(merged.merge(), 1) << p.name;
      model::EncoderWeights again = model::encoder_weights(adapted.config(), views);
      const model::MergedWeights anew(again);
      EXPECT_NE(bits(weights), before) << p.name;
      EXPECT_EQ(bits(weights), bits(again)) << p.name;
      EXPECT_EQ(merged.merge(), 0);
      values[at] = kept;
      EXPECT_EQ(merged.merge(), 1);
      EXPECT_EQ(bits(weights), before);
    }
  }
}

// Also of the neighbours of an adapted map, which may be trained whole.
TEST_F(Lora, AForwardSeesWhateverTheLastStepChanged) {
  auto model = load({.r = 2, .target_modules = {"query", "output.dense"}, .modules_to_save = {"key"}});
  model.train();
  stir(model);
  std::size_t keys = 0;
  for (const Parameter& p : model.parameters().layout()) {
    if (!p.trainable) continue;
    keys += p.name.ends_with("key.weight") ? 1 : 0;
    const std::vector<float> before = logits(model);
    EXPECT_EQ(logits(model), before);
    for (float& value : model.parameters().value(p.name)) value = 1.5F * value + 0.01F;
    const std::vector<float> after = logits(model);
    // A bias of the keys changes no probability of attention.
    if (!p.name.ends_with("key.bias")) {
      EXPECT_NE(after, before) << p.name;
    }
    model.train();  // makes everything anew
    EXPECT_EQ(logits(model), after) << p.name;
  }
  EXPECT_EQ(keys, 2U);
}

TEST_F(Lora, MergedIsTheSameModelWithoutAnAdapter) {
  auto model = load({.r = 4, .target_modules = kEvery});
  stir(model);
  model.eval();
  const std::vector<float> before = logits(model);
  model.merge_lora();
  EXPECT_EQ(model.lora(), nullptr);
  EXPECT_EQ(logits(model), before);
  EXPECT_EQ(model.parameters().trainable_count(), model.parameters().count());
  save(model);
  EXPECT_FALSE(is_adapter(adapter()));
  auto whole = BertPreTrainedModel::from_pretrained(adapter(), Architecture::sequence_classification);
  EXPECT_EQ(logits(whole), before);
}

TEST_F(Lora, AnAdapterIsSavedAndLoadedWithItsBase) {
  for (const std::vector<std::string>& targets : std::vector<std::vector<std::string>>{
           {"query", "value"}, kEvery, {"dense"}, {"layer.1.output.dense"}}) {
    auto model = load({.r = 2, .lora_alpha = 3, .target_modules = targets});
    stir(model);
    model.eval();
    save(model);
    auto loaded = BertPreTrainedModel::from_pretrained(adapter(), Architecture::sequence_classification);
    EXPECT_TRUE(loaded.load_report().newly_initialized.empty());
    EXPECT_EQ(logits(loaded), logits(model));
    EXPECT_EQ(loaded.parameters().trainable_count(), model.parameters().trainable_count());
    stir(loaded);
    loaded.load_weights(adapter());
    EXPECT_EQ(logits(loaded), logits(model));
  }
  const Json config = Json::parse(files.read("adapter/adapter_config.json"));
  EXPECT_EQ(config.at("peft_type"), "LORA");
  EXPECT_EQ(config.at("task_type"), "SEQ_CLS");
  EXPECT_EQ(config.at("lora_alpha"), 3);
  EXPECT_EQ(config.at("target_modules"), Json({"layer.1.output.dense"}));
  EXPECT_EQ(config.at("base_model_name_or_path"), base().string());
}

TEST_F(Lora, ABaseOnTheHubIsFoundByNameAndCommit) {
  const std::string commit(40, 'a');
  const std::filesystem::path snapshot =
      files.path() / "hub" / "models--owner--tiny-bert" / "snapshots" / commit;
  std::filesystem::create_directories(snapshot.parent_path());
  std::filesystem::copy(base(), snapshot);
  auto model = load({.r = 2, .base_model_name_or_path = "owner/tiny-bert", .revision = commit});
  stir(model);
  model.eval();
  save(model);
  const Json config = Json::parse(files.read("adapter/adapter_config.json"));
  EXPECT_EQ(config.at("base_model_name_or_path"), "owner/tiny-bert");
  EXPECT_EQ(config.at("revision"), commit);
  EXPECT_EQ(base_of_adapter(adapter()), snapshot);
  auto loaded = BertPreTrainedModel::from_pretrained(adapter(), Architecture::sequence_classification);
  EXPECT_EQ(logits(loaded), logits(model));
  EXPECT_EQ(loaded.lora()->base_model_name_or_path, "owner/tiny-bert");
  EXPECT_EQ(loaded.lora()->revision, commit);

  const auto with = [&](const char* key, const Json& value) {
    Json json = config;
    json[key] = value;
    files.write("adapter/adapter_config.json", json.dump());
    return message_of([&] { base_of_adapter(adapter()); });
  };
  EXPECT_THAT(with("revision", std::string(40, 'b')), HasSubstr("downloading is switched off"));
  EXPECT_THAT(with("revision", "../../.."), HasSubstr("can be no branch"));
  EXPECT_THAT(with("revision", 3), HasSubstr("damaged"));
  EXPECT_THAT(with("base_model_name_or_path", "owner/tiny-bert@main"), HasSubstr("leave one out"));
  EXPECT_THAT(with("base_model_name_or_path", "../../owner"), HasSubstr("no name that a model on the hub"));
  files.write("adapter/adapter_config.json", config.dump());
  files.write("hub/models--owner--tiny-bert/snapshots/" + commit + "/adapter_config.json", config.dump());
  EXPECT_THAT(message_of([&] { base_of_adapter(adapter()); }), HasSubstr("no model is in such a folder"));
}

TEST_F(Lora, RefusesWhatCannotBe) {
  const auto refused = [&](const LoraConfig& config) { return message_of([&] { load(config); }); };
  EXPECT_THAT(refused({.r = 0}), HasSubstr("`lora_rank` is 0; it must be in [1, 32]"));
  EXPECT_THAT(refused({.r = 33}), HasSubstr("`lora_rank` is 33"));
  EXPECT_THAT(refused({.lora_alpha = 0}), HasSubstr("`lora_alpha` is 0"));
  EXPECT_THAT(refused({.target_modules = {"qury"}}), HasSubstr("did you mean \"query\"?"));
  EXPECT_THAT(refused({.target_modules = {"query", "word_embeddings"}}), HasSubstr("\"word_embeddings\""));
  EXPECT_THAT(refused({.target_modules = {}}), HasSubstr("names nothing"));
}

TEST_F(Lora, RefusesOtherAdaptersByName) {
  auto model = load({.r = 2});
  save(model);
  const Json good = Json::parse(files.read("adapter/adapter_config.json"));
  const auto with = [&](const char* key, const Json& value) {
    Json json = good;
    json[key] = value;
    files.write("adapter/adapter_config.json", json.dump());
    return message_of(
        [&] { BertPreTrainedModel::from_pretrained(adapter(), Architecture::sequence_classification); });
  };
  EXPECT_EQ(with("revision", nullptr), "no error");
  EXPECT_THAT(with("peft_type", "IA3"), HasSubstr("peft_type is \"IA3\""));
  EXPECT_THAT(with("peft_type", 3), HasSubstr("peft_type is 3"));
  EXPECT_THAT(with("use_dora", true), HasSubstr("use_dora is true"));
  EXPECT_THAT(with("bias", "all"), HasSubstr("bias is \"all\""));
  EXPECT_THAT(with("rank_pattern", {{"query", 3}}), HasSubstr("rank_pattern"));
  EXPECT_THAT(with("r", "eight"), HasSubstr("damaged"));
  EXPECT_THAT(with("r", 3), HasSubstr("has shape [2, 32] in the adapter and [3, 32] in the model"));
  EXPECT_THAT(with("r", 0), HasSubstr("must be above 0"));
  EXPECT_THAT(with("target_modules", Json::array({1})), HasSubstr("damaged"));
  EXPECT_THAT(with("base_model_name_or_path", "/nowhere"), HasSubstr("\"/nowhere\""));
  EXPECT_THAT(with("base_model_name_or_path", nullptr), HasSubstr("base_model_name_or_path is \"\""));
  EXPECT_EQ(with("base_model_name_or_path", "../base"), "no error");
  files.write("adapter/adapter_config.json", "[1]");
  EXPECT_THAT(message_of([&] { lora_config_from_pretrained(adapter()); }), HasSubstr("holds no object"));
  files.write("adapter/adapter_config.json", good.dump());
  std::filesystem::remove(adapter() / "adapter_model.safetensors");
  EXPECT_THAT(message_of([&] {
                BertPreTrainedModel::from_pretrained(adapter(), Architecture::sequence_classification);
              }),
              HasSubstr("has no adapter_model.safetensors"));
}

}  // namespace
}  // namespace bertune::lora_test
