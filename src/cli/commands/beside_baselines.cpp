#include "cli/commands/beside_baselines.h"

#include <optional>

#include "insight/data/baselines.h"
#include "report/baseline_report.h"

namespace bertune::cli {

std::string write_beside(const std::filesystem::path& folder, const Baselines& baselines,
                         const Json& results) {
  const std::optional<insight::BesideModel> model = insight::write_beside(folder, baselines, results);
  return model ? report::beside_line(baselines, *model) : "";
}

}  // namespace bertune::cli
