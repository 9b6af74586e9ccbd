// Which parameters are Muon's: the matrices of the encoder's layers, whatever a family calls them.
#include <gtest/gtest.h>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "support/tiny_checkpoint.h"

namespace bertune::optim {
namespace {

TEST(Muon, HasTheMatricesOfTheLayersOfEveryFamily) {
  for (const ModelType type : {ModelType::bert, ModelType::distilbert, ModelType::roberta,
                               ModelType::xlm_roberta, ModelType::electra}) {
    const BertConfig config = bertune::testing::tiny_config(type);
    BertPreTrainedModel model =
        BertPreTrainedModel::from_config(config, Architecture::sequence_classification);
    const auto optimizer = muon(model.parameters());
    const auto state = optimizer->state().front();
    EXPECT_EQ(state.name, "momentum_buffer");
    const std::int64_t h = config.hidden_size, layer = 4 * h * h + 2 * h * config.intermediate_size;
    EXPECT_EQ(state.values.size(), static_cast<std::size_t>(config.num_hidden_layers * layer))
        << static_cast<int>(type);
  }
}

}  // namespace
}  // namespace bertune::optim
