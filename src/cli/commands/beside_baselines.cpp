#include "cli/commands/beside_baselines.h"

#include <optional>

#include "core/file.h"
#include "insight/data/baselines.h"
#include "report/baseline_report.h"

namespace bertune::cli {
std::string write_beside(const std::filesystem::path& folder, const Baselines& baselines,
                         const Json& results) {
  const std::optional<insight::BesideModel> model = insight::beside(baselines, folder, results);
  write_file_atomically(folder / "baselines.json", dump_json(insight::to_json(baselines, model), 4));
  return model ? report::beside_line(baselines, *model) : "";
}

}  // namespace bertune::cli
