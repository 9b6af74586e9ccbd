#include "runs/part_statistics.h"

#include <algorithm>
#include <cmath>

namespace bertune::runs {

Json part_statistics(const std::vector<Json>& parts) {
  Json means = Json::object(), deviations = Json::object(), least = Json::object(), most = Json::object();
  const auto count = static_cast<double>(parts.size());
  for (const auto& [name, first] : parts.at(0).at("metrics").items()) {
    std::vector<double> numbers;
    for (const Json& part : parts) {
      const Json number = part.at("metrics").value(name, Json());
      if (number.is_number()) numbers.push_back(number.get<double>());
    }
    means[name] = deviations[name] = least[name] = most[name] = Json();
    if (numbers.size() < parts.size()) continue;
    double sum = 0, squares = 0;
    for (const double number : numbers) sum += number;
    const double mean = sum / count;
    for (const double number : numbers) squares += std::pow(number - mean, 2);
    means[name] = mean;
    if (parts.size() > 1) deviations[name] = std::sqrt(squares / (count - 1));
    least[name] = std::ranges::min(numbers), most[name] = std::ranges::max(numbers);
  }
  return {{"max", most}, {"mean", means}, {"min", least}, {"std", deviations}};
}

}  // namespace bertune::runs
