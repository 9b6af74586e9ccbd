#include "report/folds_report.h"

#include <fmt/format.h>

#include <cmath>

#include "report/table.h"
#include "report/terminal.h"

namespace bertune::report {
namespace {

std::string shown(const Json& number) {
  return number.is_number() ? fmt::format("{:.4f}", number.get<double>()) : "-";
}

std::string fold_name(const Json& name) {
  constexpr int kWidth = 20;
  return name.is_string() ? shorten(printable(name.get<std::string>()), kWidth) : name.dump();
}

}  // namespace

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

std::string folds_report(const std::vector<Json>& folds) {
  const Json statistics = fold_statistics(folds);
  std::vector<Align> columns(folds.size() + 3, Align::right);
  columns.front() = Align::left;
  Table table(columns);
  std::vector<std::string> header = {"", "mean", "std"}, rows = {"rows", "", ""};
  for (const Json& fold : folds) {
    header.push_back("fold " + fold_name(fold.at("fold")));
    rows.push_back(grouped(fold.at("rows").get<long long>()));
  }
  table.add(header), table.add(rows);
  for (const auto& [name, mean] : statistics.at("mean").items()) {
    std::vector<std::string> cells = {name, shown(mean), shown(statistics.at("std").at(name))};
    for (const Json& fold : folds) cells.push_back(shown(fold.at("metrics").value(name, Json())));
    table.add(cells);
  }
  return table.text();
}

}  // namespace bertune::report
