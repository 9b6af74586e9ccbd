#include "cli/commands/shown_in_run.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "cli/commands/report_command.h"
#include "core/file.h"
#include "insight/results/prediction_table.h"
#include "report/html/page.h"

namespace bertune::cli {

void ShownInRun::add_to(CLI::App& command, const std::string& what) {
  what_ = what;
  command.add_option("--run", run_, fmt::format("Folder of a training whose report shall show {}", what))
      ->type_name("RUN");
}

void ShownInRun::require_run() const {
  if (!run_.empty() && !insight::has_predictions(run_))
    throw UsageError(
        fmt::format("--run {}: holds no run of bertune train with predictions, whose report could show {}",
                    run_.string(), what_));
}

std::string ShownInRun::show(const char* file, const Json& result) const {
  if (run_.empty()) return "";
  write_file_atomically(run_ / file, dump_json(result, 4));
  if (write_report_beside(run_).is_null()) return "";
  return fmt::format("Shown in {}\n", (run_ / report::html::kReportFile).string());
}

}  // namespace bertune::cli
