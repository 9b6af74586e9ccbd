// Whatever is trainable, it has the gradient that it has when all is, and nothing else has one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "support/tiny_checkpoint.h"

namespace bertune::trainable_subsets_test {
namespace {

constexpr Architecture kHeads[] = {Architecture::sequence_classification,  // the last layer for [CLS] alone
                                   Architecture::token_classification};
const std::vector<std::string> kLayers = {"bert.encoder.layer.0.", "bert.encoder.layer.1."};

Batch batch_of(Architecture head) {
  Batch batch;
  for (int s = 0; s < 5; ++s) {
    std::vector<std::int32_t> ids = {2};
    for (int t = 0; t < 2 + s; ++t) ids.push_back(5 + (s * 7 + t * 3) % 40);
    batch.add(ids, {});
    const std::size_t labels = head == Architecture::sequence_classification ? 1 : ids.size();
    for (std::size_t t = 0; t < labels; ++t) batch.labels.push_back((s + static_cast<int>(t)) % 2);
  }
  return batch;
}

// With dropout; what is frozen is written over, so that a gradient that is not wanted would show.
constexpr float kUntouched = 0.125F;

std::vector<float> gradients(BertPreTrainedModel& model) {
  Parameters& parameters = model.parameters();
  for (const Parameter& p : parameters.layout())
    std::ranges::fill(parameters.gradient(p.name), p.trainable ? 0.0F : kUntouched);
  model.train();
  model.dropout_state() = {.seed = 7, .step = 3};
  model.forward(batch_of(model.architecture()));
  model.backward();
  return {parameters.gradients().begin(), parameters.gradients().end()};
}

void set_all_trainable(Parameters& parameters, bool trainable) {
  for (std::size_t i = 0; i < parameters.layout().size(); ++i) parameters.set_trainable(i, trainable);
}

// Trains every subset of the parameters with these names, and of nothing else but none.
void expect_gradients_of_every_subset(BertPreTrainedModel& model, const std::vector<std::string>& names) {
  Parameters& parameters = model.parameters();
  set_all_trainable(parameters, true);
  const std::vector<float> whole = gradients(model);
  for (const std::string& name : names) ASSERT_NE(parameters.find(name), nullptr) << name;
  for (unsigned subset = 1; subset < 1U << names.size(); ++subset) {
    set_all_trainable(parameters, false);
    std::string trained;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if ((subset >> i & 1U) == 0) continue;
      const Parameter* parameter = parameters.find(names[i]);
      parameters.set_trainable(static_cast<std::size_t>(parameter - parameters.layout().data()), true);
      trained += " " + names[i];
    }
    const std::vector<float> part = gradients(model);
    for (const Parameter& p : parameters.layout()) {
      for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
        const float wanted = p.trainable ? whole[i] : kUntouched;
        ASSERT_NEAR(part[i], wanted, p.trainable ? 1e-6 + 1e-5 * std::abs(wanted) : 0.0)
            << p.name << "[" << i - p.offset << "]; trained:" << trained;
      }
    }
  }
}

BertPreTrainedModel adapted(const std::filesystem::path& base, Architecture head) {
  auto model = BertPreTrainedModel::from_pretrained(
      base, head, {.lora = LoraConfig{.r = 3, .lora_alpha = 5, .target_modules = {"all-linear"}}});
  int at = 0;
  for (const Parameter& p : model.parameters().layout()) {
    if (!p.name.ends_with("lora_B.weight")) continue;
    for (float& value : model.parameters().value(p.name)) value = 0.05F * static_cast<float>(std::sin(++at));
  }
  return model;
}

TEST(TrainableSubsets, OfALinearMapWithAnAdapter) {
  const testing::TemporaryDirectory files;
  testing::write_tiny_checkpoint(files.path() / "base");
  for (const Architecture head : kHeads) {
    auto model = adapted(files.path() / "base", head);
    for (const std::string& layer : kLayers) {
      for (const char* map : {"attention.self.query", "attention.self.key", "attention.self.value",
                              "attention.output.dense", "intermediate.dense", "output.dense"}) {
        SCOPED_TRACE(std::string(to_string(head)) + " " + layer + map);
        const std::string name = layer + map;
        expect_gradients_of_every_subset(
            model, {name + ".lora_A.weight", name + ".lora_B.weight", name + ".weight", name + ".bias"});
        if (HasFatalFailure()) return;
      }
    }
  }
}

// The gradients with everything trainable, which those of the subsets are compared with, are those of the
// loss.
TEST(TrainableSubsets, AllOfAnAdaptedModelHasTheGradientOfItsLoss) {
  const testing::TemporaryDirectory files;
  testing::write_tiny_checkpoint(files.path() / "base");
  for (const Architecture head : kHeads) {
    auto model = adapted(files.path() / "base", head);
    set_all_trainable(model.parameters(), true);
    const std::vector<float> gradient = gradients(model);
    const std::vector<float> kept(model.parameters().values().begin(), model.parameters().values().end());
    for (const Parameter& p : model.parameters().layout()) {
      if (p.depth < 1 || p.depth > 2) continue;
      double norm = 0;
      for (std::size_t i = p.offset; i < p.offset + p.size; ++i)
        norm += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
      norm = std::sqrt(norm);
      if (p.name.ends_with("key.bias")) continue;  // changes no probability of attention: none but rounding
      ASSERT_GT(norm, 1e-5) << p.name;
      const auto loss_at = [&](double step) {
        const std::span<float> values = model.parameters().values();
        for (std::size_t i = p.offset; i < p.offset + p.size; ++i)
          values[i] = static_cast<float>(kept[i] + step * gradient[i] / norm);
        model.train();
        model.dropout_state() = {.seed = 7, .step = 3};
        return static_cast<double>(model.forward(batch_of(head)).loss);
      };
      constexpr double kStep = 1e-2;
      const double slope =
          (8 * (loss_at(kStep) - loss_at(-kStep)) - (loss_at(2 * kStep) - loss_at(-2 * kStep))) /
          (12 * kStep);
      EXPECT_NEAR(slope, norm, 2e-2 * norm + 5e-5) << p.name;
      loss_at(0);
    }
  }
}

TEST(TrainableSubsets, OfQueryKeyAndValue) {
  for (const Architecture head : kHeads) {
    auto model = BertPreTrainedModel::from_config(testing::tiny_config(), head);
    for (const std::string& layer : kLayers) {
      std::vector<std::string> names;
      for (const char* part : {"query", "key", "value"}) {
        for (const char* kind : {".weight", ".bias"})
          names.push_back(layer + "attention.self." + part + kind);
      }
      expect_gradients_of_every_subset(model, names);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(TrainableSubsets, OfOneTensorOfEachKind) {
  for (const Architecture head : kHeads) {
    auto model = BertPreTrainedModel::from_config(testing::tiny_config(), head);
    for (const std::string& layer : kLayers) {
      expect_gradients_of_every_subset(
          model, {"bert.embeddings.position_embeddings.weight", "bert.embeddings.LayerNorm.bias",
                  layer + "attention.output.LayerNorm.weight", layer + "intermediate.dense.bias",
                  layer + "output.dense.weight", layer + "output.LayerNorm.bias", "classifier.weight"});
      if (HasFatalFailure()) return;
    }
  }
}

// The recipe of LoRA-FA, and its opposite: what is not frozen learns.
TEST(TrainableSubsets, EitherMatrixOfAnAdapterLearnsAlone) {
  const testing::TemporaryDirectory files;
  testing::write_tiny_checkpoint(files.path() / "base");
  for (const Architecture head : kHeads) {
    for (const std::string frozen : {".lora_A.weight", ".lora_B.weight"}) {
      auto model = adapted(files.path() / "base", head);
      Parameters& parameters = model.parameters();
      for (std::size_t i = 0; i < parameters.layout().size(); ++i) {
        const std::string& name = parameters.layout()[i].name;
        parameters.set_trainable(i, name.find(".lora_") != std::string::npos && !name.ends_with(frozen));
      }
      const std::vector<float> before(parameters.values().begin(), parameters.values().end());
      const auto optimizer = optim::sgd(parameters, {.lr = 0.1});
      optimizer->zero_grad();
      model.train();
      model.forward(batch_of(head));
      model.backward();
      optimizer->step();
      const std::span<const float> after = std::as_const(parameters).values();
      for (const Parameter& p : parameters.layout()) {
        const auto first = static_cast<std::ptrdiff_t>(p.offset),
                   end = first + static_cast<std::ptrdiff_t>(p.size);
        const bool same = std::equal(after.begin() + first, after.begin() + end, before.begin() + first);
        EXPECT_EQ(same, !p.trainable) << p.name << ", frozen: " << frozen;
      }
    }
  }
}

}  // namespace
}  // namespace bertune::trainable_subsets_test
