// What the heads refuse, and the invariances that a head must keep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "bertune/error.h"
#include "bertune/model.h"
#include "support/message_of.h"

namespace bertune::heads_test {
namespace {

using ::testing::HasSubstr;
using testing::message_of;

BertConfig tiny_config() {
  BertConfig config;
  config.vocab_size = 30, config.hidden_size = 8, config.num_hidden_layers = 2;
  config.num_attention_heads = 2, config.intermediate_size = 12, config.max_position_embeddings = 10;
  config.initializer_range = 0.3F;
  return config;
}

Batch two_sequences() {
  Batch batch;
  batch.add(std::vector<std::int32_t>{1, 5, 6, 2}, {});
  batch.add(std::vector<std::int32_t>{1, 7, 2}, {});
  return batch;
}

struct Refusal {
  Architecture architecture;
  std::function<void(Batch&)> labels;
  std::string message;
};

TEST(Heads, RefuseLabelsThatDoNotFit) {
  const std::vector<Refusal> refusals = {
      {Architecture::token_classification,
       [](Batch& batch) {
         batch.labels = {0, 1};
       },
       "a batch of 7 tokens has 2 labels"},
      {Architecture::token_classification, [](Batch& batch) { batch.labels = {0, 1, 0, 2, 0, 0, -100}; },
       "label 2 of token 3 is not in [0, 2)"},
      {Architecture::question_answering,
       [](Batch& batch) {
         batch.start_positions = {1, 1};
       },
       "2 start and 0 end positions"},
      {Architecture::multiple_choice, [](Batch& batch) { batch.num_choices = 3; },
       "a batch of 2 sequences cannot be questions of 3 choices each"},
      {Architecture::multiple_choice,
       [](Batch& batch) {
         batch.num_choices = 2;
         batch.labels = {2};
       },
       "label 2 of question 0 is not in [0, 2)"},
      {Architecture::next_sentence_prediction,
       [](Batch& batch) {
         batch.labels = {0, 2};
       },
       "label 2 of sequence 1 is not in [0, 2)"},
      {Architecture::masked_lm, [](Batch& batch) { batch.labels = {30, -100, -100, -100, -100, -100, -100}; },
       "label 30 of token 0 is not in [0, 30)"},
      {Architecture::pretraining, [](Batch& batch) { batch.next_sentence_labels = {0}; },
       "a batch of 2 sequences has 1 labels"},
  };
  for (const Refusal& refusal : refusals) {
    BertPreTrainedModel model = BertPreTrainedModel::from_config(tiny_config(), refusal.architecture);
    Batch batch = two_sequences();
    refusal.labels(batch);
    EXPECT_THAT(message_of([&] { model.forward(batch); }), HasSubstr(refusal.message))
        << to_string(refusal.architecture);
  }
}

TEST(Heads, NamesAndArchitectures) {
  EXPECT_EQ(architecture_from_string("BertForQuestionAnswering"), Architecture::question_answering);
  EXPECT_EQ(to_string(Architecture::pretraining), "BertForPreTraining");
  EXPECT_THAT(message_of([] { architecture_from_string("T5Model"); }),
              HasSubstr("\"T5Model\" is not supported; the choices are BertForSequenceClassification"));
}

TEST(Heads, MaskedLMWithoutPredictionsHasNoLossAndNoGradient) {
  auto model = BertForMaskedLM::from_config(tiny_config());
  Batch batch = two_sequences();
  batch.labels.assign(7, -100);
  model.train();
  const ModelOutput output = model.forward(batch);
  EXPECT_EQ(output.loss, 0);
  EXPECT_TRUE(output.logits.empty());
  model.backward();
  EXPECT_TRUE(std::ranges::all_of(model.parameters().gradients(), [](float g) { return g == 0; }));
}

// Dropout on every token is keyed by its place in the sequence: packing with others must not change it.
TEST(Heads, TokenDropoutDoesNotDependOnPacking) {
  const auto logits = [](const Batch& batch) {
    auto model = BertForTokenClassification::from_config(tiny_config());
    model.train();
    const std::span<const float> all = model.forward(batch).logits;
    return std::vector<float>(all.end() - 6, all.end());  // of the last sequence, 3 tokens
  };
  Batch alone;
  alone.add(std::vector<std::int32_t>{1, 7, 2}, {});
  alone.first_sequence = 1;
  const std::vector<float> packed = logits(two_sequences()), single = logits(alone);
  for (std::size_t i = 0; i < packed.size(); ++i) EXPECT_NEAR(packed[i], single[i], 1e-6);
}

TEST(Heads, TransformersTensorCounts) {
  const auto tensors = [](Architecture architecture) {
    return BertPreTrainedModel::from_config(tiny_config(), architecture).parameters().layout().size();
  };
  EXPECT_EQ(tensors(Architecture::sequence_classification), 41U);
  EXPECT_EQ(tensors(Architecture::multiple_choice), 41U);
  EXPECT_EQ(tensors(Architecture::token_classification), 39U);
  EXPECT_EQ(tensors(Architecture::question_answering), 39U);
  EXPECT_EQ(tensors(Architecture::masked_lm), 42U);
  EXPECT_EQ(tensors(Architecture::next_sentence_prediction), 41U);
  EXPECT_EQ(tensors(Architecture::pretraining), 46U);
}

}  // namespace
}  // namespace bertune::heads_test
