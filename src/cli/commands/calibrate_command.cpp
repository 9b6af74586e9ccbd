#include "cli/commands/calibrate_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands/report_command.h"
#include "cli/config/run_config.h"
#include "cli/options/shared_options.h"
#include "cli/screen/messages.h"
#include "core/file.h"
#include "report/insight_report.h"
#include "runs/calibration.h"

namespace bertune::cli {
namespace {

struct CalibrateOptions {
  runs::CalibrationOptions calibration;
  ThreadOptions threads;
  bool json = false;
};

void run(const CalibrateOptions& options) {
  use_threads(options.threads);
  const std::filesystem::path& model = options.calibration.model;
  finish_folder(model);
  const runs::Calibrated result = runs::calibrate(options.calibration);
  constexpr std::int64_t kFewRows = 100;
  if (result.temperature.rows < kFewRows)
    print_notes({fmt::format("{} rows are few for a temperature; its interval says how few",
                             result.temperature.rows)});
  if (path_exists(model / "report.html")) write_report_beside(model);
  if (options.json) {
    fmt::print("{}", dump_json(to_json(result)));
    return;
  }
  fmt::print("{}", report::calibration_report(result, model.string()));
}

}  // namespace

void add_calibrate_command(CLI::App& app) {
  const auto options = std::make_shared<CalibrateOptions>();
  CLI::App* command =
      app.add_subcommand("calibrate", "Fit a temperature, so that scores are as often right as they say");
  add_run_config(*command);
  command
      ->add_option("--model,--model_name_or_path", options->calibration.model,
                   "Folder of the fine-tuned model")
      ->required();
  command
      ->add_option(
          "--predictions", options->calibration.predictions,
          "Folder of bertune evaluate --output with rows that the model was not trained on (default: the "
          "validation rows of the training)")
      ->type_name("FOLDER");
  command->add_flag("--fold-calibration,--fold", options->calibration.fold,
                    "Change the weights instead of bertune.json: then Transformers gives the same scores");
  command->add_flag("--json", options->json, "Print the result as JSON and nothing else");
  add_threads_option(*command, options->threads);
  command->footer("Example:\n  bertune calibrate --model my-model\nSee docs/calibration.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
