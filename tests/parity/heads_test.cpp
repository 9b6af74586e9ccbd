// The heads, and the families of models beside BERT, against Transformers' classes of their names, in double
// precision (make_head_fixtures.py): logits, losses, every gradient, the tensors and config.json of a
// checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint.h"
#include "parity/model_case.h"
#include "parity/parts.h"
#include "support/closeness.h"

namespace bertune::heads_test {
namespace {

using testing::SafetensorsFile;

// Those of a real checkpoint are too large for the repository: `make parity` makes them, and says where.
std::filesystem::path fixtures() {
  const char* folder = std::getenv("BERTUNE_HEAD_FIXTURES");
  return folder ? std::filesystem::path(folder) : testing::parity_fixtures() / "heads";
}

constexpr double kLogits = 1e-5, kLoss = 1e-5;
// A real encoder gives choices nearly equal scores: what is left of their gradients is small beside its
// terms.
double gradient_tolerance() { return std::getenv("BERTUNE_HEAD_FIXTURES") ? 1e-4 : 1e-5; }

class HeadParity : public ::testing::TestWithParam<std::string> {
 protected:
  void expect_outputs(const ModelOutput& output) const {
    expect_close("logits", output.logits);
    if (file_.contains("next_sentence_logits"))
      expect_close("next_sentence_logits", output.next_sentence_logits);
    if (file_.contains("masked_lm_loss")) {
      EXPECT_NEAR(output.masked_lm_loss, file_.numbers("masked_lm_loss").front(), kLoss);
      EXPECT_NEAR(output.masked_lm_loss + output.next_sentence_loss, output.loss, kLoss);
    }
    const double loss = file_.numbers("loss").front();
    EXPECT_NEAR(output.loss, loss, kLoss * std::max(1.0, loss));
  }
  void expect_close(const std::string& name, std::span<const float> actual) const {
    const std::vector<double> expected = file_.numbers(name);
    EXPECT_TRUE(testing::elements_close(name, actual, std::span<const double>(expected), kLogits));
  }

  const SafetensorsFile file_{fixtures() / (GetParam() + ".safetensors")};
  const std::string checkpoint_ = file_.about().at("checkpoint").get<std::string>();
  const std::filesystem::path folder_ = fixtures() / checkpoint_;
  Batch batch_ = testing::read_batch(file_);
  BertPreTrainedModel model_ =
      BertPreTrainedModel::from_pretrained(folder_, architecture_from_string(checkpoint_));

  void SetUp() override {
    if (model_.architecture() == Architecture::multiple_choice) batch_.num_choices = 3;
  }
};

TEST_P(HeadParity, LoadsEveryTensor) {
  const LoadReport& report = model_.load_report();
  EXPECT_EQ(report.loaded, static_cast<std::int64_t>(model_.parameters().layout().size()));
  EXPECT_THAT(report.newly_initialized, ::testing::IsEmpty());
  EXPECT_THAT(report.unexpected, ::testing::IsEmpty());
}

TEST_P(HeadParity, OutputsInEvaluation) {
  model_.eval();
  expect_outputs(model_.forward(batch_));
}

TEST_P(HeadParity, OutputsAndGradientsInTraining) {
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

// In parts of any size: the peer's loss and gradients of the whole batch.
TEST_P(HeadParity, LossAndGradientsOfParts) {
  model_.train();
  for (const std::int64_t size : {1, 2, 4}) {
    SCOPED_TRACE(size);
    model_.parameters().zero_grad();
    double total = 0;
    for (const Batch& part : testing::parts_of(model_, batch_, size)) {
      total += model_.forward(part).loss;
      model_.backward();
    }
    const double loss = file_.numbers("loss").front();
    EXPECT_NEAR(total, loss, kLoss * std::max(1.0, loss));
    testing::expect_gradients(model_, file_, gradient_tolerance());
  }
}

TEST_P(HeadParity, SavesTheNamesOfTransformers) {
  const testing::TemporaryDirectory saved;
  model_.save_weights(saved.path());
  const auto tensors = [](const std::filesystem::path& folder) {
    std::map<std::string, std::vector<std::int64_t>> shapes;
    const checkpoint::Checkpoint weights = checkpoint::Checkpoint::open(folder);
    for (const auto& entry : weights.tensors()) shapes[entry.stored_name] = entry.shape;
    return shapes;
  };
  EXPECT_EQ(tensors(saved.path()), tensors(folder_));
  const auto config = [](const std::filesystem::path& folder) {
    std::ifstream file(folder / "config.json");
    return nlohmann::json::parse(file);
  };
  nlohmann::json written = config(saved.path());
  const nlohmann::json expected = config(folder_);
  if (!expected.contains("id2label")) {  // two labels without a name of their own go without saying there
    EXPECT_EQ(written.at("id2label"), nlohmann::json::parse(R"({"0": "LABEL_0", "1": "LABEL_1"})"));
    written.erase("id2label"), written.erase("label2id");
  }
  EXPECT_EQ(written, expected);
  BertPreTrainedModel copy = BertPreTrainedModel::from_pretrained(saved.path(), model_.architecture());
  expect_outputs(copy.forward(batch_));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, HeadParity, ::testing::ValuesIn(testing::case_names(fixtures())),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace bertune::heads_test
