// Logits, losses and gradients against PyTorch and Transformers in double precision. Each case is a file of
// fixtures/model/; the peer computed it on the padded batch, so this is also the proof that packing changes
// nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parity/model_case.h"
#include "support/closeness.h"

namespace bertune::model_test {
namespace {

using testing::SafetensorsFile;

constexpr double kLogits = 1e-5, kLoss = 1e-5, kGradient = 1e-5;

std::vector<std::string> model_cases() {
  std::vector<std::string> names = testing::case_names("model");
  std::erase(names, "training");
  return names;
}

class ModelParity : public ::testing::TestWithParam<std::string> {
 protected:
  const SafetensorsFile file_{testing::parity_fixtures() / "model" / (GetParam() + ".safetensors")};
  const Batch batch_ = testing::read_batch(file_);
  BertForSequenceClassification model_ = testing::load_checkpoint(file_);
};

TEST_P(ModelParity, LoadsEveryTensor) {
  const LoadReport& report = model_.load_report();
  EXPECT_EQ(report.loaded, static_cast<std::int64_t>(model_.parameters().layout().size()));
  EXPECT_THAT(report.newly_initialized, ::testing::IsEmpty());
  EXPECT_THAT(report.unexpected, ::testing::IsEmpty());
  EXPECT_THAT(report.mismatched, ::testing::IsEmpty());
}

TEST_P(ModelParity, LogitsAndLossInEvaluation) {
  model_.eval();
  const ModelOutput output = model_.forward(batch_);
  const std::vector<double> logits = file_.numbers("logits");
  EXPECT_TRUE(testing::elements_close("logits", output.logits, std::span<const double>(logits), kLogits));
  const double loss = file_.numbers("loss").front();
  EXPECT_NEAR(output.loss, loss, kLoss * std::max(1.0, loss));
}

TEST_P(ModelParity, LogitsLossAndGradientsInTraining) {
  model_.train();
  const ModelOutput output = model_.forward(batch_);
  const std::vector<double> logits = file_.numbers("logits");
  EXPECT_TRUE(testing::elements_close("logits", output.logits, std::span<const double>(logits), kLogits));
  const double loss = file_.numbers("loss").front();
  EXPECT_NEAR(output.loss, loss, kLoss * std::max(1.0, loss));

  model_.parameters().zero_grad();
  model_.backward();
  testing::expect_gradients(model_, file_, kGradient);
}

TEST_P(ModelParity, PaddingTokenHasNoGradient) {
  // In the one case without a padding token, token 0 is as any other.
  const bool has_padding = model_.config().pad_token_id >= 0;
  model_.train();
  model_.forward(batch_);
  model_.backward();
  const auto width = static_cast<std::size_t>(model_.config().hidden_size);
  const auto row = static_cast<std::size_t>(has_padding ? model_.config().pad_token_id : 0);
  const auto gradient = model_.parameters().gradient("bert.embeddings.word_embeddings.weight");
  const double largest = testing::largest(std::span<const float>(gradient.subspan(row * width, width)));
  EXPECT_EQ(largest == 0, has_padding) << largest;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ModelParity, ::testing::ValuesIn(model_cases()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace bertune::model_test
