#include "report/seeds_report.h"

#include <fmt/format.h>

#include <vector>

#include "report/table.h"

namespace bertune::report {
namespace {

std::string runs_table(const Json& results) {
  std::vector<std::string> names;
  const Json chosen_by = results.value("chosen_by", Json()), best = results.value("best", Json());
  const Json& first = results.at("seed_results").at(0).at("metrics");
  if (chosen_by.is_string()) {
    const std::string name = chosen_by.get<std::string>(), of_test = "test_" + name.substr(5);
    names.push_back(name);
    if (first.contains(of_test)) names.push_back(of_test);
  } else {
    for (const auto& [name, value] : first.items()) names.push_back(name);
  }
  std::vector<Align> columns(names.size() + 2, Align::right);
  columns.back() = Align::left;
  Table table(columns);
  std::vector<std::string> header = {"seed"};
  for (const std::string& name : names) header.push_back(spelled(name));
  table.add(header);
  for (const Json& run : results.at("seed_results")) {
    std::vector<std::string> cells = {run.at("seed").dump()};
    for (const std::string& name : names) cells.push_back(metric_cell(run.at("metrics").value(name, Json())));
    if (run.at("seed") == best) cells.emplace_back("best on validation rows");
    table.add(cells);
  }
  return table.text();
}

}  // namespace

std::string spelled(std::string metric) {
  for (const auto& [prefix, words] : {std::pair{"eval_", "validation "}, {"test_", "test "}})
    if (metric.starts_with(prefix)) return words + metric.substr(5);
  return metric;
}

std::string seeds_report(const Json& results) {
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right});
  table.add({"", "mean", "std", "min", "max"});
  for (const char* prefix : {"test_", "eval_"}) {
    for (const auto& [name, mean] : results.at("mean").items()) {
      if (!name.starts_with(prefix)) continue;
      table.add({spelled(name), metric_cell(mean), metric_cell(results.at("std").at(name)),
                 metric_cell(results.at("min").at(name)), metric_cell(results.at("max").at(name))});
    }
  }
  return table.text() + "\n" + runs_table(results);
}

}  // namespace bertune::report
