// LBFGS against torch.optim's, whose next gradient depends on the step before: in double, where both go the
// same way, and in f32 as models are trained.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "bertune/error.h"
#include "bertune/optim.h"
#include "optim/lbfgs_search.h"
#include "parity/model_case.h"
#include "support/closeness.h"

namespace bertune {
namespace {

using nlohmann::json;

// The function of make_optimizer_fixtures.py, and its gradient.
template <typename Real>
Real valley(std::span<const Real> x, std::span<Real> gradient) {
  std::ranges::fill(gradient, Real{0});
  Real value = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const Real across = x[i + 1] - x[i] * x[i], along = 1 - x[i];
    value += 5 * across * across + along * along;
    gradient[i + 1] += 10 * across;
    gradient[i] -= 20 * across * x[i] + 2 * along;
  }
  return value;
}

// Vectors of doubles in the place of optim::TableVectors.
struct DoubleVectors {
  using Real = double;
  using Vector = std::vector<double>;
  using View = std::span<const double>;

  static Vector zeros(std::size_t size) { return Vector(size); }
  static View view(const Vector& vector) { return vector; }
  static std::span<double> view(Vector& vector) { return vector; }
  static void copy(View from, std::span<double> to) { std::ranges::copy(from, to.begin()); }
  static void axpby(double a, View x, double b, std::span<double> y) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = a * x[i] + b * y[i];
  }
  static double dot(View a, View b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }
  static double abs_sum(View x) {
    return std::accumulate(x.begin(), x.end(), 0.0, [](double s, double v) { return s + std::abs(v); });
  }
  static double abs_max(View x) {
    return std::accumulate(x.begin(), x.end(), 0.0,
                           [](double m, double v) { return std::max(m, std::abs(v)); });
  }
};

json cases() {
  std::ifstream file(testing::parity_fixtures() / "optim" / "lbfgs.json");
  return json::parse(file);
}

optim::OptionValues options_of(const json& given) {
  optim::OptionValues options;
  for (const auto& [name, value] : given.items()) {
    if (name != "lr") options[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return options;
}

TEST(LbfgsParity, TrajectoryInDouble) {
  for (const json& expected : cases()) {
    const json& given = expected.at("options");
    optim::LBFGSOptions options;
    options.max_iter = given.at("max_iter");
    options.history_size = given.value("history_size", options.history_size);
    if (given.contains("max_eval")) options.max_eval = given["max_eval"].get<std::int64_t>();
    options.line_search_fn = given.value("line_search_fn", options.line_search_fn);
    optim::LbfgsSearch<DoubleVectors> search(options);
    auto x = expected.at("start").get<std::vector<double>>();
    std::vector<double> gradient(x.size());
    for (std::size_t step = 0; step < expected.at("points").size(); ++step) {
      const double loss =
          search.step(x, gradient, given.at("lr"), [&] { return valley<double>(x, gradient); });
      EXPECT_NEAR(loss, expected["losses"][step].get<double>(), 1e-7) << given << ", step " << step;
      const auto point = expected["points"][step].get<std::vector<double>>();
      ASSERT_TRUE(testing::elements_close("point after step " + std::to_string(step) + " " + given.dump(),
                                          std::span<const double>(x), std::span<const double>(point), 1e-7));
    }
  }
}

// Rounding grows along the way, so that only the first losses can be compared; a search ends at the lowest
// point.
TEST(LbfgsParity, FindsTheLowestPointInSingle) {
  for (const json& expected : cases()) {
    const json& given = expected.at("options");
    const auto start = expected.at("start").get<std::vector<float>>();
    Parameters parameters({{.name = "x", .shape = {static_cast<std::int64_t>(start.size())}}});
    std::ranges::copy(start, parameters.values().begin());
    const auto optimizer =
        optim::algorithm_from_string("lbfgs").make(parameters, given.at("lr"), options_of(given));
    EXPECT_TRUE(optimizer->needs_closure());
    EXPECT_THROW(optimizer->step(), Error);
    for (std::size_t step = 0; step < 60; ++step) {
      const double loss = optimizer->step(
          [&] { return static_cast<double>(valley<float>(parameters.values(), parameters.gradients())); });
      if (step < 5) {
        EXPECT_NEAR(loss, expected["losses"][step].get<double>(), 1e-4) << given << ", step " << step;
      }
    }
    EXPECT_EQ(optimizer->steps(), 60);
    if (!given.contains("line_search_fn")) continue;  // without it, nothing says that the steps go down
    const std::vector<double> ones(start.size(), 1.0);
    EXPECT_TRUE(testing::elements_close("lowest point, " + given.dump(),
                                        std::span<const float>(parameters.values()),
                                        std::span<const double>(ones), 1e-3));
  }
}

}  // namespace
}  // namespace bertune
