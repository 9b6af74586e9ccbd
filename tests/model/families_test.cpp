// The models that are BERT inside: what holds for all of them, and what each does otherwise. Their numbers
// are compared with Transformers in tests/parity/heads_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bertune/error.h"
#include "bertune/model.h"
#include "model/layers/block.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::message_of;
using testing::tiny_config;

constexpr ModelType kTypes[] = {ModelType::bert, ModelType::distilbert, ModelType::roberta,
                                ModelType::xlm_roberta, ModelType::electra};
constexpr Architecture kHeads[] = {Architecture::sequence_classification, Architecture::token_classification,
                                   Architecture::question_answering, Architecture::multiple_choice,
                                   Architecture::masked_lm};

// Two sequences with labels for `head`.
Batch labelled(Architecture head) {
  Batch batch;
  batch.add(std::vector<std::int32_t>{2, 5, 6, 9, 3}, {});
  batch.add(std::vector<std::int32_t>{2, 7, 3}, {});
  if (head == Architecture::sequence_classification) batch.labels = {1, 0};
  if (head == Architecture::token_classification) batch.labels = {0, 1, 1, -100, 0, 1, 0, 1};
  if (head == Architecture::question_answering) batch.start_positions = {1, 0}, batch.end_positions = {2, 1};
  if (head == Architecture::multiple_choice) batch.labels = {1}, batch.num_choices = 2;
  if (head == Architecture::masked_lm) batch.labels = {-100, 8, -100, 4, -100, -100, 5, -100};
  return batch;
}

// Dropout at every place that the family has one.
BertConfig with_dropout(ModelType type) {
  BertConfig config = tiny_config(type);
  config.classifier_dropout = 0.3F, config.qa_dropout = 0.3F, config.summary_last_dropout = 0.3F;
  return config;
}

// Along the gradient itself the loss changes by its squared norm. The step is short, for ReLU has kinks.
void expect_gradient_of_loss(BertPreTrainedModel& model, const Batch& batch) {
  const auto loss_at = [&](const std::vector<float>& values) {
    std::ranges::copy(values, model.parameters().values().begin());
    model.train();
    model.dropout_state().step = 4;
    return static_cast<double>(model.forward(batch).loss);
  };
  const std::vector<float> values(model.parameters().values().begin(), model.parameters().values().end());
  loss_at(values);
  model.parameters().zero_grad();
  model.backward();
  std::vector<float> gradient(model.parameters().gradients().begin(), model.parameters().gradients().end());
  double squares = 0;
  for (const float g : gradient) squares += static_cast<double>(g) * g;
  ASSERT_GT(squares, 0);
  const double step = 0.0003 / std::sqrt(squares);
  std::vector<float> ahead = values, behind = values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ahead[i] += static_cast<float>(step * gradient[i]);
    behind[i] -= static_cast<float>(step * gradient[i]);
  }
  EXPECT_NEAR((loss_at(ahead) - loss_at(behind)) / (2 * step), squares, 0.02 * squares);
  std::ranges::copy(values, model.parameters().values().begin());
}

bool exists(ModelType type, Architecture head) {
  return type != ModelType::electra || head != Architecture::masked_lm;
}

TEST(Families, BackwardIsTheDerivativeOfForwardWithDropout) {
  for (const ModelType type : kTypes) {
    for (const Architecture head : kHeads) {
      if (!exists(type, head)) continue;
      SCOPED_TRACE(class_name(type, head));
      BertPreTrainedModel model = BertPreTrainedModel::from_config(with_dropout(type), head);
      expect_gradient_of_loss(model, labelled(head));
    }
  }
}

// Below the last layer all is frozen: what is above has the gradient that it has without, and the rest none.
TEST(Families, FrozenLayersChangeNoOtherGradient) {
  for (const ModelType type : kTypes) {
    for (const Architecture head : kHeads) {
      if (!exists(type, head)) continue;
      SCOPED_TRACE(class_name(type, head));
      BertPreTrainedModel whole = BertPreTrainedModel::from_config(with_dropout(type), head),
                          part = BertPreTrainedModel::from_config(with_dropout(type), head);
      const std::vector<Parameter>& layout = part.parameters().layout();
      const std::int64_t frozen = part.config().num_hidden_layers - 1;
      for (std::size_t i = 0; i < layout.size(); ++i)
        part.parameters().set_trainable(i, layout[i].depth > frozen);
      for (BertPreTrainedModel* model : {&whole, &part}) {
        model->train();
        model->forward(labelled(head));
        model->parameters().zero_grad();
        model->backward();
      }
      for (const Parameter& p : layout) {
        SCOPED_TRACE(p.name);
        const auto wanted = whole.parameters().gradient(p.name), found = part.parameters().gradient(p.name);
        for (std::size_t i = 0; i < p.size; ++i) EXPECT_EQ(found[i], p.trainable ? wanted[i] : 0.0F);
      }
    }
  }
}

TEST(Families, AnAdapterHasTheGradientOfItsLoss) {
  const testing::TemporaryDirectory files;
  for (const ModelType type : kTypes) {
    const auto base = testing::write_tiny_checkpoint(files.path() / to_string(type), with_dropout(type));
    for (const Architecture head :
         {Architecture::sequence_classification, Architecture::token_classification}) {
      SCOPED_TRACE(class_name(type, head));
      BertPreTrainedModel model = BertPreTrainedModel::from_pretrained(
          base, head, {.lora = LoraConfig{.r = 3, .target_modules = {"query", "value", "output.dense"}}});
      std::int64_t adapted = 0;
      for (const Parameter& p : model.parameters().layout()) {
        if (!p.name.ends_with(".lora_B.weight")) continue;
        ++adapted;
        float number = 0;
        for (float& value : model.parameters().value(p.name)) value = 0.02F * std::sin(number += 1);
      }
      EXPECT_EQ(adapted, 2 * 4);  // "output.dense" names two of a layer, as in PEFT
      expect_gradient_of_loss(model, labelled(head));
    }
  }
}

TEST(Families, DropoutStandsWhereTransformersHasIt) {
  using kernels::DropoutSite;
  model::Pass pass;
  pass.training = true;
  for (const ModelType type : kTypes) {
    const BertConfig config = tiny_config(type);
    const model::Block block{config, pass, pass.layout, 0};
    EXPECT_EQ(block.hidden_dropout(DropoutSite::feed_forward_output).probability, 0.1F);
    EXPECT_EQ(block.hidden_dropout(DropoutSite::attention_output).probability,
              type == ModelType::distilbert ? 0.0F : 0.1F);
  }
  // Only heads drop: evaluation and training differ where the head has dropout of its own.
  const auto drops = [](ModelType type, Architecture head) {
    BertConfig config = with_dropout(type);
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0;
    BertPreTrainedModel model = BertPreTrainedModel::from_config(config, head);
    const Batch batch = labelled(head);
    model.eval();
    const float exact = model.forward(batch).loss;
    model.train();
    return std::abs(model.forward(batch).loss - exact) > 1e-6F;
  };
  for (const ModelType type : kTypes) {
    SCOPED_TRACE(to_string(type));
    const bool is_distilbert = type == ModelType::distilbert;
    const bool is_roberta = type == ModelType::roberta || type == ModelType::xlm_roberta;
    EXPECT_TRUE(drops(type, Architecture::sequence_classification));
    EXPECT_EQ(drops(type, Architecture::token_classification), !is_distilbert);  // its "dropout"
    EXPECT_EQ(drops(type, Architecture::multiple_choice), !is_roberta);          // its hidden_dropout_prob
    EXPECT_TRUE(drops(type, Architecture::question_answering));  // qa_dropout, which others leave at 0
  }
}

TEST(Families, RobertaHasRoomForFewerTokens) {
  BertConfig config = tiny_config(ModelType::roberta);  // 40 positions, of which 2 are before the first token
  BertPreTrainedModel model = BertPreTrainedModel::from_config(config, Architecture::token_classification);
  Batch batch;
  batch.add(std::vector<std::int32_t>(38, 7), {});
  EXPECT_EQ(model.forward(batch).logits.size(), 76U);
  batch.clear();
  batch.add(std::vector<std::int32_t>(39, 7), {});
  EXPECT_THAT(message_of([&] { model.forward(batch); }),
              HasSubstr("sequence 0 has 39 tokens; this model takes 1 to 38"));
}

// Positions are counted anew in every sequence, and padding in a text takes none.
TEST(Families, RobertaPositionsDoNotDependOnPacking) {
  const BertConfig config = tiny_config(ModelType::roberta);
  BertPreTrainedModel model = BertPreTrainedModel::from_config(config, Architecture::token_classification);
  const std::vector<std::int32_t> first = {0, 9, 1, 8, 2}, second = {0, 1, 1, 5, 2};
  Batch both, one;
  both.add(first, {}), both.add(second, {}), one.add(second, {});
  const auto logits = [&](const Batch& batch) {
    const auto all = model.forward(batch).logits;
    return std::vector<float>(all.end() - 10, all.end());
  };
  const std::vector<float> together = logits(both), alone = logits(one);
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i], alone[i], 1e-5);
}

TEST(Families, DistilBertHasNoTokenTypes) {
  BertPreTrainedModel model = BertPreTrainedModel::from_config(tiny_config(ModelType::distilbert),
                                                               Architecture::sequence_classification);
  Batch plain, typed;
  plain.add(std::vector<std::int32_t>{2, 5, 3, 6, 3}, std::vector<std::int32_t>{0, 0, 0, 0, 0});
  typed.add(std::vector<std::int32_t>{2, 5, 3, 6, 3}, std::vector<std::int32_t>{0, 0, 0, 1, 1});
  const auto first = model.forward(plain).logits;
  const std::vector<float> expected(first.begin(), first.end());
  EXPECT_THAT(model.forward(typed).logits, ::testing::ElementsAreArray(expected));
  EXPECT_EQ(model.parameters().find("distilbert.embeddings.token_type_embeddings.weight"), nullptr);

  BertPreTrainedModel roberta = BertPreTrainedModel::from_config(
      [] {
        BertConfig config = tiny_config(ModelType::roberta);
        config.type_vocab_size = 1;
        return config;
      }(),
      Architecture::sequence_classification);
  EXPECT_THAT(message_of([&] { roberta.forward(typed); }),
              HasSubstr("token type id 1 at place 3 of the batch is not in [0, 1)"));
}

TEST(Families, HeadsThatAFamilyLacksAreRefusedByName) {
  const auto refusal = [](ModelType type, Architecture head) {
    return message_of([&] { BertPreTrainedModel::from_config(tiny_config(type), head); });
  };
  EXPECT_THAT(refusal(ModelType::electra, Architecture::masked_lm),
              HasSubstr("model_type \"electra\" has no ElectraForMaskedLM here"));
  EXPECT_THAT(refusal(ModelType::distilbert, Architecture::pretraining), HasSubstr("`objective=mlm`"));
  EXPECT_THAT(refusal(ModelType::roberta, Architecture::next_sentence_prediction),
              HasSubstr("take a checkpoint of model_type bert"));
  BertConfig untied = tiny_config(ModelType::roberta);
  untied.tie_word_embeddings = false;
  EXPECT_THAT(message_of([&] { BertPreTrainedModel::from_config(untied, Architecture::masked_lm); }),
              HasSubstr("tie_word_embeddings"));
  EXPECT_EQ(message_of([&] { BertPreTrainedModel::from_config(untied, kHeads[0]); }), "no error");
}

TEST(Families, ClassesAreThoseOfTransformers) {
  EXPECT_EQ(class_name(ModelType::distilbert, Architecture::masked_lm), "DistilBertForMaskedLM");
  EXPECT_EQ(class_name(ModelType::xlm_roberta, Architecture::question_answering),
            "XLMRobertaForQuestionAnswering");
  EXPECT_EQ(architecture_from_string("RobertaForMultipleChoice"), Architecture::multiple_choice);
  // The discriminator's own head is none of ours: such a folder is a base to train on.
  EXPECT_THAT(message_of([] { architecture_from_string("ElectraForPreTraining"); }),
              HasSubstr("not supported"));
}

TEST(Families, NewTablesBeginAsInTransformers) {
  BertConfig config = tiny_config(ModelType::distilbert);
  config.sinusoidal_pos_embds = true;
  const auto model = BertForSequenceClassification::from_config(config);
  const auto table = model.parameters().value("distilbert.embeddings.position_embeddings.weight");
  EXPECT_EQ(table[0], 0.0F);
  EXPECT_EQ(table[1], 1.0F);
  EXPECT_NEAR(table[3 * 32 + 4], std::sin(3 / std::pow(10000.0, 4.0 / 32)), 1e-6);
  EXPECT_NEAR(table[3 * 32 + 5], std::cos(3 / std::pow(10000.0, 4.0 / 32)), 1e-6);
  const auto norm = model.parameters().value("distilbert.transformer.layer.1.sa_layer_norm.weight");
  EXPECT_THAT(norm, ::testing::Each(1.0F));
  const auto roberta = BertForSequenceClassification::from_config(tiny_config(ModelType::roberta));
  const auto padding = roberta.parameters().value("roberta.embeddings.position_embeddings.weight");
  EXPECT_THAT(padding.subspan(32, 32), ::testing::Each(0.0F));
}

// Multilingual BERT's vocabulary: nothing assumes that of the English one.
TEST(Families, VocabulariesMayBeLarge) {
  BertConfig config = tiny_config();
  config.vocab_size = 119547, config.hidden_size = 8, config.num_attention_heads = 2;
  auto model = BertForSequenceClassification::from_config(config);
  Batch batch;
  batch.add(std::vector<std::int32_t>{101, 119546, 102}, {});
  batch.labels = {1};
  model.train();
  EXPECT_TRUE(std::isfinite(model.forward(batch).loss));
  model.backward();
  const auto gradient = model.parameters().gradient("bert.embeddings.word_embeddings.weight");
  EXPECT_THAT(gradient.subspan(119546 * 8, 8), ::testing::Contains(::testing::Ne(0.0F)));
}

}  // namespace
}  // namespace bertune
