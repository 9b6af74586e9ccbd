#include "report/folds_report.h"

#include "report/table.h"
#include "report/terminal.h"
#include "runs/part_statistics.h"

namespace bertune::report {
namespace {

std::string fold_name(const Json& name) {
  constexpr int kWidth = 20;
  return name.is_string() ? shorten(printable(name.get<std::string>()), kWidth) : name.dump();
}

}  // namespace

std::string folds_report(const std::vector<Json>& folds) {
  const Json statistics = runs::part_statistics(folds);
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
    std::vector<std::string> cells = {name, metric_cell(mean), metric_cell(statistics.at("std").at(name))};
    for (const Json& fold : folds) cells.push_back(metric_cell(fold.at("metrics").value(name, Json())));
    table.add(cells);
  }
  return table.text();
}

}  // namespace bertune::report
