// Optimizers, clipping and schedules against torch.optim, clip_grad_norm_ and get_scheduler in double
// precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "bertune/optim.h"
#include "parity/model_case.h"
#include "support/closeness.h"

namespace bertune::optimizer_test {
namespace {

using nlohmann::json;
using testing::SafetensorsFile;

constexpr double kParameters = 1e-6, kNorm = 1e-6, kSchedule = 1e-12;

json read_json(const std::string& name) {
  std::ifstream file(testing::parity_fixtures() / "optim" / name);
  return json::parse(file);
}

// Values of PyTorch as texts of ours, and its tuples as their parts.
std::string text_of(const json& value) {
  return value.is_null() ? "none" : value.is_string() ? value.get<std::string>() : value.dump();
}

optim::OptionValues options_of(const json& given) {
  const std::map<std::string, std::vector<std::string>> parts = {
      {"betas", {"beta1", "beta2"}},
      {"eps", {"eps1", "eps2"}},
      {"etas", {"etaminus", "etaplus"}},
      {"step_sizes", {"step_size_min", "step_size_max"}},
      {"ns_coefficients", {"ns_a", "ns_b", "ns_c"}}};
  optim::OptionValues options;
  for (const auto& [name, value] : given.items()) {
    if (name == "lr") continue;
    if (!value.is_array()) {
      options[name] = text_of(value);
      continue;
    }
    for (std::size_t i = 0; i < value.size(); ++i) options[parts.at(name).at(i)] = text_of(value[i]);
  }
  return options;
}

const optim::Algorithm& algorithm_of(std::string torch_name) {
  std::ranges::transform(torch_name, torch_name.begin(), [](unsigned char c) { return std::tolower(c); });
  return optim::algorithm_from_string(torch_name);
}

// What a case leaves out keeps the default, which has to be PyTorch's. `lr` is the first step's: the test
// sets the rate of every step.
std::unique_ptr<optim::Optimizer> make_optimizer(const json& about, Parameters& parameters) {
  optim::OptionValues options = options_of(about.at("options"));
  if (about.contains("others")) {  // of the AdamW beside Muon; its weight decay is Muon's
    json others = about["others"];
    others.erase("weight_decay");
    for (auto& [name, value] : options_of(others)) options[name == "eps" ? "adamw_eps" : name] = value;
  }
  const optim::Algorithm& algorithm = algorithm_of(about.at("optimizer"));
  return algorithm.make(parameters, about["options"].value("lr", algorithm.default_learning_rate), options);
}

// The tensors of a case, in the order of their names backwards: the matrix, then the vector.
Parameters make_parameters(const SafetensorsFile& file) {
  std::vector<Parameter> layout;
  for (const std::string name : {"weight", "encoder.layer.0.weight", "bias"}) {
    if (!file.contains("initial." + name)) continue;
    layout.push_back({.name = name,
                      .shape = file.shape("initial." + name),
                      .weight_decay = name != "bias",
                      .few_rows = file.about().contains("rows") && name != "bias",
                      .depth = name.starts_with("encoder.layer.") ? 1 : 0});
  }
  Parameters parameters(std::move(layout));
  for (const Parameter& parameter : parameters.layout())
    std::ranges::copy(file.floats("initial." + parameter.name), parameters.value(parameter.name).begin());
  return parameters;
}

class OptimizerParity : public ::testing::TestWithParam<std::string> {
 protected:
  // Row `step` of a tensor [steps, ...].
  template <typename T>
  static std::span<const T> row(const std::vector<T>& rows, std::size_t step, std::size_t steps) {
    const std::size_t size = rows.size() / steps;
    return std::span<const T>(rows).subspan(step * size, size);
  }

  const SafetensorsFile file_{testing::parity_fixtures() / "optim" / (GetParam() + ".safetensors")};
  Parameters parameters_ = make_parameters(file_);
};

TEST_P(OptimizerParity, Trajectory) {
  const json about = file_.about();
  const auto rates = about.at("learning_rates").get<std::vector<double>>();
  const std::vector<double> norms = file_.numbers("grad_norms");
  const auto optimizer = make_optimizer(about, parameters_);
  std::map<std::string, std::vector<float>> gradients;
  std::map<std::string, std::vector<double>> expected;
  for (const Parameter& parameter : parameters_.layout()) {
    gradients[parameter.name] = file_.floats("gradient." + parameter.name);
    expected[parameter.name] = file_.numbers("expected." + parameter.name);
  }
  for (std::size_t step = 0; step < rates.size(); ++step) {
    parameters_.zero_grad();
    if (about.contains("rows")) parameters_.mark_rows(about["rows"][step].get<std::vector<std::int32_t>>());
    for (const auto& [name, rows] : gradients)
      std::ranges::copy(row(rows, step, rates.size()), parameters_.gradient(name).begin());
    const double norm = optim::gradient_norm(parameters_);
    EXPECT_NEAR(norm, norms[step], kNorm * norms[step]) << "gradient norm, step " << step;
    optimizer->set_learning_rate(rates[step]);
    optimizer->step(about["max_norm"].is_null() ? 1.0F : optim::clip_scale(norm, about["max_norm"]));
    for (const auto& [name, rows] : expected) {
      ASSERT_TRUE(testing::elements_close(name + " after step " + std::to_string(step),
                                          std::span<const float>(parameters_.value(name)),
                                          row(rows, step, rates.size()), kParameters));
    }
  }
  EXPECT_EQ(optimizer->steps(), static_cast<std::int64_t>(rates.size()));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, OptimizerParity, ::testing::ValuesIn(testing::case_names("optim")),
                         [](const auto& instance) { return instance.param; });

TEST(ClippingParity, NormAndFactor) {
  for (const json& expected : read_json("clipping.json")) {
    const auto gradients = expected.at("gradients").get<std::vector<float>>();
    Parameter parameter;
    parameter.name = "weight";
    parameter.shape = {static_cast<std::int64_t>(gradients.size())};
    Parameters parameters({parameter});
    std::copy(gradients.begin(), gradients.end(), parameters.gradient("weight").begin());
    const double norm = expected.at("norm");
    const double max_norm = expected.at("max_norm");
    const double factor = expected.at("factor");
    EXPECT_NEAR(optim::gradient_norm(parameters), norm, kNorm * norm);
    EXPECT_NEAR(optim::clip_scale(norm, max_norm), factor, kNorm * factor)
        << "norm " << norm << " to " << max_norm;
  }
}

// Every option of torch.optim and of get_scheduler is there, with the same default, and no other.
void expect_defaults(const std::string& name, const std::vector<optim::OptionInfo>& ours, json theirs,
                     const std::set<std::string>& own = {}) {
  for (const auto& [option, value] : ours) {
    if (own.contains(option)) continue;
    ASSERT_TRUE(theirs.contains(option)) << name << " has an option " << option << " that the peer has not";
    const json& expected = theirs[option];
    if (expected.is_number()) {
      EXPECT_EQ(std::stod(value), expected.get<double>()) << name << " " << option;
    } else {
      EXPECT_EQ(value, text_of(expected)) << name << " " << option;
    }
    theirs.erase(option);
  }
  EXPECT_TRUE(theirs.empty()) << name << " lacks " << theirs;
}

TEST(OptimizerParity, OptionsAndDefaults) {
  const json optimizers = read_json("defaults.json")[0];
  for (const auto& [name, defaults] : optimizers.items()) {
    json theirs = defaults;
    const optim::Algorithm& algorithm = algorithm_of(name);
    EXPECT_EQ(algorithm.default_learning_rate, theirs["lr"].get<double>()) << name;
    theirs.erase("lr");
    if (name == "muon") theirs["adjust_lr_fn"] = "original";  // what its documentation says of none
    const std::set<std::string> of_its_adamw = {"beta1", "beta2", "adamw_eps", "adamw_lr_scale"};
    expect_defaults(name, algorithm.options, theirs, name == "muon" ? of_its_adamw : std::set<std::string>{});
  }
  EXPECT_EQ(optimizers.size() + 2, optim::algorithms().size()) << "PyTorch's, LAMB and Lion";
}

TEST(ScheduleParity, OptionsAndDefaults) {
  const json schedules = read_json("defaults.json")[1];
  for (const auto& [name, theirs] : schedules.items())
    expect_defaults(name, optim::schedule_from_string(name).options, theirs);
  EXPECT_EQ(schedules.size(), optim::schedules().size());
}

TEST(ScheduleParity, RatesByStep) {
  for (const json& expected : read_json("schedules.json")) {
    const auto name = expected.at("schedule").get<std::string>();
    const double peak = expected.at("lr");
    const optim::ScheduleSpan span = {peak, expected.at("warmup_steps"), expected.at("total_steps")};
    const auto schedule = optim::schedule_from_string(name).make(span, options_of(expected.at("options")));
    const auto factors = expected.at("factors").get<std::vector<double>>();
    for (std::size_t step = 0; step < factors.size(); ++step) {
      EXPECT_NEAR(schedule->learning_rate(static_cast<std::int64_t>(step)), peak * factors[step], kSchedule)
          << name << " " << expected.at("options") << ", step " << step << " of " << span.total_steps
          << ", warm-up " << span.warmup_steps;
    }
  }
}

// Goes on from a saved state in the middle, as a resumed run does.
TEST(ScheduleParity, RatesByMetric) {
  for (const json& expected : read_json("metric_schedules.json")) {
    const auto name = expected.at("schedule").get<std::string>();
    const auto& kind = optim::schedule_from_string(name);
    const optim::ScheduleSpan span = {expected.at("lr"), 0, 100};
    auto schedule = kind.make(span, options_of(expected.at("options")));
    EXPECT_TRUE(schedule->follows_metric());
    EXPECT_EQ(schedule->learning_rate(0), span.learning_rate);
    const auto metrics = expected.at("metrics").get<std::vector<double>>();
    const auto rates = expected.at("rates").get<std::vector<double>>();
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      schedule->observe(metrics[i]);
      EXPECT_NEAR(schedule->learning_rate(0), rates[i], kSchedule) << name << " " << expected["options"] << i;
      const std::vector<double> state = schedule->state();
      schedule = kind.make(span, options_of(expected.at("options")));
      schedule->restore(json::parse(json(state).dump()).get<std::vector<double>>());
    }
  }
}

}  // namespace
}  // namespace bertune::optimizer_test
