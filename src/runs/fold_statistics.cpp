#include "runs/fold_statistics.h"

#include <cmath>

namespace bertune::runs {

Json fold_statistics(const std::vector<Json>& folds) {
  Json means = Json::object(), deviations = Json::object();
  const auto count = static_cast<double>(folds.size());
  for (const auto& [name, value] : folds.at(0).at("metrics").items()) {
    double sum = 0, squares = 0;
    bool finite = true;
    for (const Json& fold : folds) {
      const Json number = fold.at("metrics").value(name, Json());
      finite = finite && number.is_number();
      if (finite) sum += number.get<double>();
    }
    const double mean = sum / count;
    for (const Json& fold : folds)
      if (finite) squares += std::pow(fold.at("metrics").at(name).get<double>() - mean, 2);
    means[name] = finite ? Json(mean) : Json();
    deviations[name] = finite && folds.size() > 1 ? Json(std::sqrt(squares / (count - 1))) : Json();
  }
  return {{"mean", means}, {"std", deviations}};
}

}  // namespace bertune::runs
