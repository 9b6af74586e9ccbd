// The losses against PyTorch's and the Trainer's, and when training stops early against Transformers'
// EarlyStoppingCallback (make_loss_fixtures.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/ops.h"
#include "kernels/ref/reference.h"
#include "parity/model_case.h"
#include "support/closeness.h"
#include "train/early_stopping.h"

namespace bertune {
namespace {

using nlohmann::json;

json fixture(const std::string& name) {
  std::ifstream file(testing::parity_fixtures() / "losses" / name);
  return json::parse(file);
}

template <typename T>
std::vector<T> flat(const json& rows) {
  std::vector<T> values;
  for (const json& row : rows) {
    const auto numbers = row.get<std::vector<T>>();
    values.insert(values.end(), numbers.begin(), numbers.end());
  }
  return values;
}

struct Case {
  std::string kind;
  std::int64_t rows, classes;
  double items, smoothing, gamma;
  json weights;

  explicit Case(const json& test)
      : kind(test["kind"]),
        rows(static_cast<std::int64_t>(test["logits"].size())),
        classes(static_cast<std::int64_t>(test["logits"][0].size())),
        items(test["options"].value("items", 0.0)),
        smoothing(test["options"].value("smoothing", 0.0)),
        gamma(test["options"].value("gamma", 0.0)),
        weights(test["options"].value("weights", json::array())) {}
};

TEST(LossParity, ReferenceInDouble) {
  for (const json& test : fixture("losses.json")) {
    SCOPED_TRACE(test["kind"].dump() + test["name"].dump());
    const Case one(test);
    const auto logits = flat<double>(test["logits"]), expected = flat<double>(test["gradient"]);
    const auto weights = one.weights.get<std::vector<double>>();
    const kernels::ref::LossOptions<double> options{one.items, weights.empty() ? nullptr : weights.data(),
                                                    one.smoothing, one.gamma};
    std::vector<double> gradient(logits.size());
    double loss = 0;
    if (one.kind == "cross_entropy") {
      const auto labels = test["labels"].get<std::vector<std::int32_t>>();
      loss = kernels::ref::cross_entropy(one.rows, one.classes, logits.data(), labels.data(), gradient.data(),
                                         options);
    } else {
      const auto targets = flat<double>(test["labels"]);
      loss = one.kind == "mean_squared_error"
                 ? kernels::ref::mean_squared_error(one.rows, one.classes, logits.data(), targets.data(),
                                                    gradient.data(), one.items)
                 : kernels::ref::binary_cross_entropy(one.rows, one.classes, logits.data(), targets.data(),
                                                      gradient.data(), options);
    }
    const double tolerance = test["options"].value("tolerance", 1e-12);
    EXPECT_NEAR(loss, test["loss"].get<double>(), tolerance);
    EXPECT_TRUE(testing::elements_close("gradient", std::span<const double>(gradient),
                                        std::span<const double>(expected), tolerance));
  }
}

TEST(LossParity, EveryTable) {
  for (const kernels::OpTable* table : kernels::supported_tables()) {
    for (const json& test : fixture("losses.json")) {
      SCOPED_TRACE(std::string(table->name) + test["kind"].dump() + test["name"].dump());
      const Case one(test);
      const auto logits = flat<float>(test["logits"]);
      const auto expected = flat<double>(test["gradient"]);
      const auto weights = one.weights.get<std::vector<float>>();
      const float* weights_or_none = weights.empty() ? nullptr : weights.data();
      std::vector<float> gradient(logits.size());
      double loss = 0;
      if (one.kind == "cross_entropy") {
        const auto labels = test["labels"].get<std::vector<std::int32_t>>();
        table->cross_entropy({one.rows, one.classes, logits.data(), labels.data(), gradient.data(), one.items,
                              weights_or_none, static_cast<float>(one.smoothing),
                              static_cast<float>(one.gamma), &loss});
      } else {
        const auto targets = flat<float>(test["labels"]);
        const auto function =
            one.kind == "mean_squared_error" ? table->mean_squared_error : table->binary_cross_entropy;
        function({one.rows, one.classes, logits.data(), targets.data(), gradient.data(), one.items,
                  weights_or_none, static_cast<float>(one.gamma), &loss});
      }
      const double value = test["loss"];
      EXPECT_NEAR(loss, value, 1e-6 * std::max(1.0, value));
      EXPECT_TRUE(testing::elements_close("gradient", std::span<const float>(gradient),
                                          std::span<const double>(expected), 1e-6));
    }
  }
}

TEST(EarlyStoppingParity, StopsAsTheCallbackDoes) {
  for (const json& test : fixture("early_stopping.json")) {
    SCOPED_TRACE(test.dump());
    const std::string metric = test["metric"];
    train::TrainingArguments arguments;
    arguments.early_stopping_patience = test["patience"];
    arguments.early_stopping_threshold = test["threshold"];
    const train::StepPlan plan{.steps_per_epoch = 10, .total_steps = 1000};
    train::RunState state;
    for (const json& counter : test["counters"]) {
      EXPECT_FALSE(train::stops_early(arguments, state, plan));
      const double value = test["values"][static_cast<std::size_t>(state.global_step / 10)];
      state.global_step += 10;
      state.evaluations_without_gain = train::evaluations_without_gain(arguments, state, metric, value);
      EXPECT_EQ(state.evaluations_without_gain, counter.get<std::int64_t>());
      const bool greater = metric == "accuracy";
      if (!state.best_metric || (greater ? value > *state.best_metric : value < *state.best_metric))
        state.best_metric = value;
    }
    EXPECT_EQ(train::stops_early(arguments, state, plan), !test["stops_after"].is_null());
  }
}

}  // namespace
}  // namespace bertune
