#include "cli/commands/beside_baselines.h"

#include <optional>
#include <vector>

#include "core/file.h"
#include "insight/data/baselines.h"
#include "insight/results/outcomes.h"
#include "report/baseline_report.h"

namespace bertune::cli {
namespace {

std::vector<double> rows_of(const std::filesystem::path& folder) {
  if (!insight::has_predictions(folder)) return {};
  const insight::PredictionTable table = insight::read_predictions(folder);
  const insight::PredictedSet* set = table.find("test");
  return set == nullptr ? std::vector<double>() : insight::values_of_rows(table, *set);
}

}  // namespace

std::string write_beside(const std::filesystem::path& folder, const Baselines& baselines,
                         const Json& results) {
  const Json score = results.value("test_" + baselines.metric, Json());
  std::optional<insight::BesideModel> model;
  if (score.is_number()) model = insight::beside(baselines, score.get<double>(), rows_of(folder));
  write_file_atomically(folder / "baselines.json", dump_json(insight::to_json(baselines, model), 4));
  return model ? report::beside_line(baselines, *model) : "";
}

}  // namespace bertune::cli
