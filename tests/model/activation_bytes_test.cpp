// Memory of training is known before it is taken.
#include <gtest/gtest.h>

#include "bertune/model.h"
#include "model/inference.h"
#include "support/tiny_checkpoint.h"

namespace bertune::model {
namespace {

Batch small_batch() {
  Batch batch;
  for (const std::size_t length : {5, 7, 4}) batch.add(std::vector<std::int32_t>(length, 6), {});
  batch.labels = {0, 1, 0};
  return batch;
}

TEST(ActivationBytes, AreThoseThatAWorkspaceTakes) {
  const BertPreTrainedModel model = BertForSequenceClassification::from_config(testing::tiny_config());
  const auto weights = model.share();
  const Batch batch = small_batch();
  Workspace workspace;
  const std::size_t planned = workspace.measure(*weights, batch.tokens(), batch.sequences());
  DropoutState dropout;
  workspace.forward(*weights, batch, &dropout);
  EXPECT_GE(workspace.size_bytes(), planned);
  EXPECT_LT(workspace.size_bytes(), planned + 4096) << "more than the ids and places of sixteen tokens";
}

TEST(ActivationBytes, DependOnTheBatchAlone) {
  BertPreTrainedModel model = BertForSequenceClassification::from_config(testing::tiny_config());
  model.train();
  const Batch batch = small_batch();
  const auto bytes = [&](std::int64_t times) {
    return model.activation_bytes(times * batch.tokens(), times * batch.sequences());
  };
  const std::size_t before = bytes(1);
  EXPECT_LT(before, bytes(2));
  model.forward(batch);
  model.backward();
  EXPECT_EQ(bytes(1), before);
}

}  // namespace
}  // namespace bertune::model
