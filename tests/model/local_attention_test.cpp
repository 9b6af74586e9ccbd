// New models whose heads begin with looking at neighbours.
#include "model/local_attention.h"

#include <gtest/gtest.h>

#include "bertune/error.h"
#include "bertune/model.h"

namespace bertune {
namespace {

BertConfig config_of(std::int64_t hidden_size, std::int64_t heads) {
  BertConfig config;
  config.vocab_size = 20, config.hidden_size = hidden_size, config.num_hidden_layers = 2;
  config.num_attention_heads = heads, config.intermediate_size = 8, config.max_position_embeddings = 64;
  config.initializer_range = 0.002F;  // little noise beside what is added
  return config;
}

std::vector<double> projected(std::span<const float> weight, std::span<const float> x, std::size_t first,
                              std::size_t count) {
  std::vector<double> y(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < x.size(); ++j)
      y[i] += double{weight[(first + i) * x.size() + j]} * double{x[j]};
  }
  return y;
}

// The position that a head scores highest for `position`, by the embeddings of positions alone.
std::size_t looks_at(const BertPreTrainedModel& model, std::size_t layer, std::size_t head,
                     std::size_t position) {
  const BertConfig& config = model.config();
  const auto width = static_cast<std::size_t>(config.hidden_size),
             size = width / static_cast<std::size_t>(config.num_attention_heads);
  const std::string prefix = "bert.encoder.layer." + std::to_string(layer) + ".attention.self.";
  const std::span<const float> positions =
      model.parameters().value("bert.embeddings.position_embeddings.weight");
  const auto row = [&](std::size_t i) { return positions.subspan(i * width, width); };
  const std::vector<double> query =
      projected(model.parameters().value(prefix + "query.weight"), row(position), head * size, size);
  std::size_t best = 0;
  double best_score = -1e30;
  for (std::size_t j = 0; j * width < positions.size(); ++j) {
    const std::vector<double> key =
        projected(model.parameters().value(prefix + "key.weight"), row(j), head * size, size);
    double score = 0;
    for (std::size_t i = 0; i < size; ++i) score += query[i] * key[i];
    if (score > best_score) best_score = score, best = j;
  }
  return best;
}

TEST(LocalAttention, HeadsLookAtNeighbours) {
  const auto model = BertForPreTraining::from_config(config_of(128, 4), 7, Initialization::local_attention);
  for (const std::size_t layer : {0, 1}) {
    for (const std::size_t position : {5, 30, 50}) {
      EXPECT_EQ(looks_at(model, layer, 0, position), position - 1);
      EXPECT_EQ(looks_at(model, layer, 1, position), position + 1);
      EXPECT_EQ(looks_at(model, layer, 2, position), position - 2);
      EXPECT_EQ(looks_at(model, layer, 3, position), position + 2);
    }
  }
}

TEST(LocalAttention, ChangesPositionsQueriesAndKeysAlone) {
  const auto normal = BertForPreTraining::from_config(config_of(16, 2), 7);
  const auto local = BertForPreTraining::from_config(config_of(16, 2), 7, Initialization::local_attention);
  for (const Parameter& parameter : normal.parameters().layout()) {
    const auto before = normal.parameters().value(parameter.name),
               after = local.parameters().value(parameter.name);
    const bool same = std::ranges::equal(before, after);
    const bool may_differ = parameter.name.ends_with("query.weight") ||
                            parameter.name.ends_with("key.weight") ||
                            parameter.name.ends_with("position_embeddings.weight");
    EXPECT_EQ(same, !may_differ) << parameter.name;
  }
}

TEST(LocalAttention, RefusesHeadsOfAnOddSize) {
  EXPECT_THROW(BertForPreTraining::from_config(config_of(15, 3), 7, Initialization::local_attention), Error);
}

}  // namespace
}  // namespace bertune
