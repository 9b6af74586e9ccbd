// Optimizers, clipping and schedules against torch.optim, clip_grad_norm_ and get_scheduler in double
// precision.
#include <gtest/gtest.h>

#include "bertune/optim.h"
#include "parity/model_case.h"
#include "support/closeness.h"

namespace bertune {
namespace {

using nlohmann::json;
using testing::SafetensorsFile;

constexpr double kParameters = 1e-6, kNorm = 1e-6, kSchedule = 1e-12;

json read_json(const std::string& name) {
  std::ifstream file(testing::parity_fixtures() / "optim" / name);
  return json::parse(file);
}

// What a case says in PyTorch's names, as options of Bertune; what it leaves out keeps the default, which has
// to be PyTorch's. `lr` is the first step's: the test sets the rate of every step.
template <typename Options>
Options read_adam(const json& options) {
  Options result;
  result.lr = options.value("lr", result.lr);
  if (options.contains("betas")) {
    result.beta1 = options["betas"][0];
    result.beta2 = options["betas"][1];
  }
  result.eps = options.value("eps", result.eps);
  result.weight_decay = options.value("weight_decay", result.weight_decay);
  return result;
}

optim::SGDOptions read_sgd(const json& options) {
  optim::SGDOptions result;
  result.lr = options.value("lr", result.lr);
  result.momentum = options.value("momentum", result.momentum);
  result.dampening = options.value("dampening", result.dampening);
  result.nesterov = options.value("nesterov", result.nesterov);
  result.weight_decay = options.value("weight_decay", result.weight_decay);
  return result;
}

optim::AdagradOptions read_adagrad(const json& options) {
  optim::AdagradOptions result;
  result.lr = options.value("lr", result.lr);
  result.lr_decay = options.value("lr_decay", result.lr_decay);
  result.initial_accumulator_value =
      options.value("initial_accumulator_value", result.initial_accumulator_value);
  result.eps = options.value("eps", result.eps);
  result.weight_decay = options.value("weight_decay", result.weight_decay);
  return result;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const json& about, Parameters& parameters) {
  const auto name = about.at("optimizer").get<std::string>();
  const json& options = about.at("options");
  if (name == "AdamW") return optim::adamw(parameters, read_adam<optim::AdamWOptions>(options));
  if (name == "Adam") return optim::adam(parameters, read_adam<optim::AdamOptions>(options));
  if (name == "SGD") return optim::sgd(parameters, read_sgd(options));
  if (name == "Adagrad") return optim::adagrad(parameters, read_adagrad(options));
  throw std::runtime_error("no optimizer " + name);
}

Parameter make_parameter(const SafetensorsFile& file, const std::string& name) {
  Parameter parameter;
  parameter.name = name;
  parameter.shape = file.shape("initial." + name);
  parameter.weight_decay = name == "weight";
  return parameter;
}

class OptimizerParity : public ::testing::TestWithParam<std::string> {
 protected:
  OptimizerParity() {
    for (const char* name : {"weight", "bias"}) {
      const std::vector<float> initial = file_.floats("initial." + std::string(name));
      std::copy(initial.begin(), initial.end(), parameters_.value(name).begin());
    }
  }

  // Row `step` of a tensor [steps, ...].
  template <typename T>
  static std::span<const T> row(const std::vector<T>& rows, std::size_t step, std::size_t steps) {
    const std::size_t size = rows.size() / steps;
    return std::span<const T>(rows).subspan(step * size, size);
  }

  const SafetensorsFile file_{testing::parity_fixtures() / "optim" / (GetParam() + ".safetensors")};
  Parameters parameters_{
      std::vector<Parameter>{make_parameter(file_, "weight"), make_parameter(file_, "bias")}};
};

TEST_P(OptimizerParity, Trajectory) {
  const json about = file_.about();
  const auto rates = about.at("learning_rates").get<std::vector<double>>();
  const std::vector<double> norms = file_.numbers("grad_norms");
  const auto optimizer = make_optimizer(about, parameters_);
  std::map<std::string, std::vector<float>> gradients;
  std::map<std::string, std::vector<double>> expected;
  for (const char* name : {"weight", "bias"}) {
    gradients[name] = file_.floats("gradient." + std::string(name));
    expected[name] = file_.numbers("expected." + std::string(name));
  }
  for (std::size_t step = 0; step < rates.size(); ++step) {
    for (const auto& [name, rows] : gradients) {
      const auto gradient = row(rows, step, rates.size());
      std::copy(gradient.begin(), gradient.end(), parameters_.gradient(name).begin());
    }
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

TEST(ScheduleParity, Factors) {
  for (const json& expected : read_json("schedules.json")) {
    const auto name = expected.at("schedule").get<std::string>();
    const std::int64_t warmup = expected.at("warmup_steps"), total = expected.at("total_steps");
    const auto factors = expected.at("factors").get<std::vector<double>>();
    for (std::size_t step = 0; step < factors.size(); ++step) {
      EXPECT_NEAR(optim::schedule_factor(optim::schedule_from_string(name), static_cast<std::int64_t>(step),
                                         warmup, total),
                  factors[step], kSchedule)
          << name << ", step " << step << " of " << total << ", warm-up " << warmup;
    }
  }
}

}  // namespace
}  // namespace bertune
