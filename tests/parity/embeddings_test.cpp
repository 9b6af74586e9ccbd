// Sentence embeddings of several families against the modules and losses of the sentence-transformers
// package, in double precision (make_embedding_fixtures.py): embeddings, losses, every gradient, names of
// saved tensors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "parity/model_case.h"
#include "parity/parts.h"
#include "support/closeness.h"

namespace bertune {
namespace {

using testing::SafetensorsFile;

// Those of a real checkpoint are too large for the repository: `make parity` makes them, and says where.
std::filesystem::path fixtures() {
  const char* folder = std::getenv("BERTUNE_EMBEDDING_FIXTURES");
  return folder ? std::filesystem::path(folder) : testing::parity_fixtures() / "embeddings";
}

constexpr double kTolerance = 1e-5;
double gradient_tolerance() { return std::getenv("BERTUNE_EMBEDDING_FIXTURES") ? 1e-4 : 1e-5; }

class EmbeddingParity : public ::testing::TestWithParam<std::string> {
 protected:
  void expect_outputs(const ModelOutput& output) const {
    const std::vector<double> expected = file_.numbers("logits");
    EXPECT_TRUE(
        testing::elements_close("embeddings", output.logits, std::span<const double>(expected), kTolerance));
    EXPECT_NEAR(output.loss, file_.numbers("loss").front(), kTolerance);
  }
  LoadOptions options() const {
    const nlohmann::json about = file_.about();
    return {.sentence_embedding = SentenceEmbeddingConfig{
                .pooling = pooling_from_string(about.at("pooling").get<std::string>()),
                .normalize = about.at("normalize").get<bool>()}};
  }

  const SafetensorsFile file_{fixtures() / (GetParam() + ".safetensors")};
  const std::filesystem::path folder_ = fixtures() / file_.about().at("checkpoint").get<std::string>();
  const Batch batch_ = testing::read_batch(file_);
  BertPreTrainedModel model_ =
      BertPreTrainedModel::from_pretrained(folder_, Architecture::sentence_embedding, options());
};

TEST_P(EmbeddingParity, OutputsInEvaluation) {
  EXPECT_THAT(model_.load_report().newly_initialized, ::testing::IsEmpty());
  EXPECT_THAT(model_.load_report().unexpected, ::testing::IsEmpty());
  model_.eval();
  expect_outputs(model_.forward(batch_));
}

TEST_P(EmbeddingParity, OutputsAndGradientsInTraining) {
  model_.train();
  expect_outputs(model_.forward(batch_));
  model_.parameters().zero_grad();
  model_.backward();
  testing::expect_gradients(model_, file_, gradient_tolerance());
  for (float& gradient : model_.parameters().gradients()) gradient *= 0.5F;
  expect_outputs(model_.forward(batch_));
  model_.backward(0.5F);  // half and half
  testing::expect_gradients(model_, file_, gradient_tolerance());
}

// Squared errors add up; a ranking has its candidates in the batch.
TEST_P(EmbeddingParity, LossAndGradientsOfPartsOfScoredPairs) {
  if (batch_.targets.empty()) return;
  model_.train();
  for (const std::int64_t sequences : {2, 6}) {
    SCOPED_TRACE(sequences);
    model_.parameters().zero_grad();
    double total = 0;
    for (const Batch& part : testing::parts_of(model_, batch_, sequences)) {
      total += model_.forward(part).loss;
      model_.backward();
    }
    EXPECT_NEAR(total, file_.numbers("loss").front(), kTolerance);
    testing::expect_gradients(model_, file_, gradient_tolerance());
  }
}

TEST_P(EmbeddingParity, SavesTheNamesOfTransformersAndWhatItTakesToEmbed) {
  const testing::TemporaryDirectory saved;
  model_.save_weights(saved.path());
  const auto names = [](const std::filesystem::path& folder) {
    std::vector<std::string> list;
    const checkpoint::Checkpoint weights = checkpoint::Checkpoint::open(folder);
    for (const auto& entry : weights.tensors()) list.push_back(entry.stored_name);
    return list;
  };
  EXPECT_THAT(names(saved.path()), ::testing::UnorderedElementsAreArray(names(folder_)));
  BertPreTrainedModel copy =
      BertPreTrainedModel::from_pretrained(saved.path(), Architecture::sentence_embedding);
  expect_outputs(copy.forward(batch_));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EmbeddingParity, ::testing::ValuesIn(testing::case_names(fixtures())),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace bertune
