// Weights that many threads read at once, each with a workspace of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "bertune/error.h"
#include "kernels/context.h"
#include "model/inference.h"
#include "support/tiny_checkpoint.h"

namespace bertune::shared_weights_test {
namespace {

using testing::tiny_config;

constexpr Architecture kHeads[] = {Architecture::sequence_classification, Architecture::token_classification,
                                   Architecture::question_answering, Architecture::pretraining};

// Different texts for different `first`, of 2 to 9 tokens; every third token is one to predict.
Batch batch_of(int first, int sequences, bool masked = false) {
  Batch batch;
  for (int s = first; s < first + sequences; ++s) {
    std::vector<std::int32_t> ids = {2};
    for (int t = 0; t < 1 + s * 5 % 8; ++t) ids.push_back(5 + (s * 7 + t * 3) % 40);
    batch.add(ids, {});
    for (std::size_t t = 0; masked && t < ids.size(); ++t)
      batch.labels.push_back(t % 3 == 1 ? 5 + s % 40 : kIgnoredLabel);
  }
  return batch;
}

struct Logits {
  std::vector<float> logits, next_sentence;
  bool operator==(const Logits&) const = default;
};

Logits kept(const ModelOutput& output) {
  return {{output.logits.begin(), output.logits.end()},
          {output.next_sentence_logits.begin(), output.next_sentence_logits.end()}};
}

class SharedWeights : public ::testing::Test {
 protected:
  SharedWeights() { testing::write_tiny_checkpoint(folder()); }
  std::filesystem::path folder() const { return files_.path() / "model"; }

 private:
  testing::TemporaryDirectory files_;
};

TEST_F(SharedWeights, AreThoseOfTheModelThatReadsTheSameFolder) {
  for (const Architecture head : kHeads) {
    const auto weights = model::load_weights(folder(), head);
    auto model = BertPreTrainedModel::from_pretrained(folder(), head);
    model::Workspace workspace;
    const Batch batch = batch_of(0, 7, head == Architecture::pretraining);
    const Logits expected = kept(model.forward(batch));
    EXPECT_EQ(kept(model::run(*weights, batch, workspace)), expected) << to_string(head);
    EXPECT_FALSE(expected.logits.empty());
    EXPECT_EQ(weights->architecture(), head);
    EXPECT_EQ(weights->load_report().newly_initialized, model.load_report().newly_initialized);
  }
}

TEST_F(SharedWeights, HaveThePrecisionThatIsAskedFor) {
  const auto weights = model::load_weights(folder(), Architecture::token_classification, {}, Precision::bf16);
  auto model = BertForTokenClassification::from_pretrained(folder());
  model.set_precision(Precision::fp32, Precision::bf16);
  model::Workspace workspace;
  const Batch batch = batch_of(0, 7);
  const Logits rounded = kept(model::run(*weights, batch, workspace));
  EXPECT_EQ(rounded, kept(model.forward(batch)));
  EXPECT_EQ(rounded, kept(model::run(*model.share(Precision::bf16), batch, workspace)));
  model.set_precision(Precision::fp32);
  EXPECT_EQ(rounded == kept(model.forward(batch)), !has_bf16_products());
}

double largest_difference(const Logits& a, const Logits& b) {
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < a.logits.size(); ++i) {
    largest = std::max(largest, std::abs(double{a.logits[i]}));
    difference = std::max(difference, std::abs(double{a.logits[i]} - b.logits[i]));
  }
  return difference / largest;
}

TEST_F(SharedWeights, AreRoundedToInt8WhereThatIsAskedFor) {
  for (const Architecture head : kHeads) {
    const auto weights = model::load_weights(folder(), head, {}, Precision::int8);
    auto model = BertPreTrainedModel::from_pretrained(folder(), head);
    model::Workspace workspace;
    const Batch batch = batch_of(0, 7, head == Architecture::pretraining);
    const Logits exact = kept(model.forward(batch));
    model.set_precision(Precision::fp32, Precision::int8);
    const Logits rounded = kept(model.forward(batch));
    EXPECT_EQ(kept(model::run(*weights, batch, workspace)), rounded) << to_string(head);
    EXPECT_EQ(kept(model::run(*model.share(Precision::int8), batch, workspace)), rounded);
    EXPECT_NE(rounded, exact);
    EXPECT_LT(largest_difference(exact, rounded), 0.03) << to_string(head);
  }
}

// A text alone is one row of a product, which is no other kind of product.
TEST_F(SharedWeights, InInt8AreTheSameForATextAloneAndAmongOthers) {
  const auto weights =
      model::load_weights(folder(), Architecture::sequence_classification, {}, Precision::int8);
  model::Workspace workspace;
  const Logits together = kept(model::run(*weights, batch_of(0, 7), workspace));
  const std::size_t labels = together.logits.size() / 7;
  for (int s = 0; s < 7; ++s) {
    const Logits alone = kept(model::run(*weights, batch_of(s, 1), workspace));
    for (std::size_t i = 0; i < labels; ++i)
      EXPECT_NEAR(alone.logits[i], together.logits[static_cast<std::size_t>(s) * labels + i], 1e-5);
  }
}

TEST_F(SharedWeights, InInt8FollowTheValues) {
  auto model = BertForSequenceClassification::from_pretrained(folder());
  model.set_precision(Precision::fp32, Precision::int8);
  const Batch batch = batch_of(0, 7);
  const Logits before = kept(model.forward(batch));
  const auto shared = model.share(Precision::int8);
  for (float& value : model.parameters().value("bert.encoder.layer.0.output.dense.weight")) value *= -1;
  const Logits after = kept(model.forward(batch));
  model::Workspace workspace;
  EXPECT_NE(after, before);
  EXPECT_EQ(kept(model::run(*model.share(Precision::int8), batch, workspace)), after);
  EXPECT_EQ(kept(model::run(*shared, batch, workspace)), before);
}

TEST_F(SharedWeights, InInt8AreNotTrained) {
  auto model = BertForSequenceClassification::from_pretrained(folder());
  EXPECT_THROW(model.set_precision(Precision::int8), UsageError);
}

TEST_F(SharedWeights, GiveManyThreadsTheBitsOfOne) {
  for (const Architecture head : kHeads) {
    const bool masked = head == Architecture::pretraining;
    const auto weights = model::load_weights(folder(), head);
    std::vector<Logits> expected;
    model::Workspace workspace;
    for (int first = 0; first < 12; ++first)
      expected.push_back(kept(model::run(*weights, batch_of(first, 1 + first % 5, masked), workspace)));
    std::vector<std::vector<Logits>> found(8);
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < found.size(); ++thread) {
      threads.emplace_back([&, thread] {
        model::Workspace own;
        for (int i = 0; i < 12; ++i) {  // each in an order of its own
          const int first = (i * 5 + static_cast<int>(thread)) % 12;
          found[thread].push_back(kept(model::run(*weights, batch_of(first, 1 + first % 5, masked), own)));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t thread = 0; thread < found.size(); ++thread) {
      for (std::size_t i = 0; i < 12; ++i)
        EXPECT_EQ(found[thread][i], expected[(i * 5 + thread) % 12]) << to_string(head) << ", " << thread;
    }
  }
}

// A caller more is a workspace more, which is small beside a model.
TEST_F(SharedWeights, AreInMemoryOnce) {
  BertConfig config = tiny_config();
  config.hidden_size = 128, config.intermediate_size = 512, config.vocab_size = 2000;
  BertForSequenceClassification::from_config(config).save_weights(folder());
  const auto weights = model::load_weights(folder(), Architecture::sequence_classification);
  const std::size_t values =
      sizeof(float) * BertForSequenceClassification::from_config(config).parameters().count();
  EXPECT_GE(weights->size_bytes(), values);
  EXPECT_LE(weights->size_bytes(), 2 * values);  // the encoder's are packed too
  model::Workspace workspace;
  model::run(*weights, batch_of(0, 1), workspace);
  EXPECT_GT(workspace.size_bytes(), 0U);
  EXPECT_LE(workspace.size_bytes(), values / 4);
}

TEST_F(SharedWeights, StayWhenTheirModelIsTrainedFurther) {
  for (const bool adapted : {false, true}) {
    LoadOptions options;
    if (adapted) options.lora = LoraConfig{.r = 2, .target_modules = {"all-linear"}};
    auto model = BertForSequenceClassification::from_pretrained(folder(), options);
    for (const Parameter& p : model.parameters().layout()) {
      if (p.name.ends_with("lora_B.weight")) std::ranges::fill(model.parameters().value(p.name), 0.02F);
    }
    const Parameters& parameters = model.parameters();
    const Batch batch = batch_of(0, 5);
    const Logits before = kept(model.forward(batch));
    const float* memory = std::as_const(parameters).values().data();
    auto shared = model.share();
    EXPECT_EQ(std::as_const(parameters).values().data(), memory);
    model::Workspace workspace;
    EXPECT_EQ(kept(model::run(*shared, batch, workspace)), before);

    std::ranges::for_each(model.parameters().values(), [](float& value) { value *= 1.5F; });
    EXPECT_NE(std::as_const(parameters).values().data(), memory);  // a copy, made for the change
    EXPECT_EQ(kept(model::run(*shared, batch, workspace)), before);
    const Logits after = kept(model.forward(batch));
    EXPECT_NE(after, before);
    EXPECT_EQ(kept(model::run(*model.share(), batch, workspace)), after);
    const float* own = std::as_const(parameters).values().data();
    std::ranges::for_each(model.parameters().values(), [](float& value) { value *= 1.5F; });
    EXPECT_EQ(std::as_const(parameters).values().data(), own);  // nobody else looks at these
    EXPECT_EQ(kept(model::run(*shared, batch, workspace)), before);
  }
}

TEST_F(SharedWeights, OutliveTheirModel) {
  std::shared_ptr<const model::Weights> shared;
  Logits before;
  {
    auto model = BertForSequenceClassification::from_pretrained(folder());
    before = kept(model.forward(batch_of(3, 4)));
    shared = model.share();
  }
  model::Workspace workspace;
  EXPECT_EQ(kept(model::run(*shared, batch_of(3, 4), workspace)), before);
}

// Of other heads, sizes and families, one after another.
TEST_F(SharedWeights, ShareAWorkspace) {
  std::vector<std::shared_ptr<const model::Weights>> all;
  for (const Architecture head : kHeads) all.push_back(model::load_weights(folder(), head));
  for (const ModelType type : {ModelType::distilbert, ModelType::roberta, ModelType::electra}) {
    BertConfig config = tiny_config(type);
    config.hidden_size = 16, config.num_hidden_layers = 3;
    all.push_back(BertForSequenceClassification::from_config(config).share());
  }
  model::Workspace shared;
  for (const int sequences : {2, 9, 1}) {
    for (const auto& weights : all) {
      const Batch batch = batch_of(0, sequences, weights->architecture() == Architecture::pretraining);
      model::Workspace own;
      EXPECT_EQ(kept(model::run(*weights, batch, shared)), kept(model::run(*weights, batch, own)));
    }
  }
}

// A table without operations is what the thread uses: whatever did not come through the pass would fail.
TEST_F(SharedWeights, AreUsedWithTheOperationsOfTheWorkspace) {
  const kernels::OpTable nothing{};
  const kernels::Context machine;
  for (const Architecture head : kHeads) {
    const Batch batch = batch_of(0, 6, head == Architecture::pretraining);
    const auto weights = model::load_weights(folder(), head);
    model::Workspace plain, other, reference;
    const Logits expected = kept(model::run(*weights, batch, plain));
    other.set_context(machine);
    reference.set_context({.ops = kernels::supported_tables().back()});
    const kernels::Context::Use use({.ops = &nothing});
    EXPECT_EQ(kept(model::run(*weights, batch, other)), expected);
    const Logits close = kept(model::run(*weights, batch, reference));
    ASSERT_EQ(close.logits.size(), expected.logits.size());
    for (std::size_t i = 0; i < close.logits.size(); ++i)
      EXPECT_NEAR(close.logits[i], expected.logits[i], 1e-4);
  }
}

TEST_F(SharedWeights, RefuseWhatAModelRefuses) {
  const auto weights = model::load_weights(folder(), Architecture::sequence_classification);
  model::Workspace workspace;
  Batch batch = batch_of(0, 2);
  batch.input_ids[1] = -1;
  EXPECT_THROW(model::run(*weights, batch, workspace), Error);
  EXPECT_THROW(model::load_weights(folder() / "nothing", Architecture::masked_lm), Error);
}

}  // namespace
}  // namespace bertune::shared_weights_test
