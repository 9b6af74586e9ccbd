#include "cli/commands/export_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "bertune/error.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "export/export.h"
#include "export/verify.h"

namespace bertune::cli {
namespace {

struct ExportOptions {
  AskedModel model;
  std::filesystem::path output;
  std::string format = "onnx";
  bool overwrite = false, external_data = false, verify = false;
  ThreadOptions threads;
  ScreenOptions screen;
};

void run(ExportOptions& options) {
  if (options.format != "onnx")
    throw UsageError(fmt::format("--format {}: the only choice is onnx", options.format));
  use_threads(options.threads);
  std::optional<onnx::Runtime> runtime;
  if (options.verify) runtime.emplace();
  options.model.find(options.screen.hides_progress());
  const onnx::Exported exported = onnx::export_model(
      options.model.folder, options.output,
      {.base = options.model.base, .overwrite = options.overwrite, .external_data = options.external_data});
  fmt::print("Wrote the {} to {} ({:.1f} MB)\n", exported.model_class, exported.file.string(),
             static_cast<double>(exported.bytes) / 1e6);
  if (!runtime) return;
  const double largest = onnx::verify(*runtime, exported.file, options.model.folder, options.model.base);
  fmt::print("ONNX Runtime {} gives its outputs; the largest difference is {:.1e}\n", runtime->version(),
             largest);
}

}  // namespace

void add_export_command(CLI::App& app) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write a model as ONNX, for programs without Bertune");
  command
      ->add_option("model,--model", options->model.folder,
                   "Model folder, or its name on the Hugging Face Hub")
      ->required();
  options->model.hub.add_to(*command);
  command
      ->add_option("--output,--output_dir", options->output,
                   "Folder to write to; that of the model itself gets onnx/model.onnx")
      ->required();
  command->add_option("--format", options->format, "Form to write: onnx")->capture_default_str();
  command->add_flag("--external-data", options->external_data,
                    "Write the weights to a file of their own, as those above 2 GB are in any case");
  command->add_flag("--verify", options->verify,
                    "Run the export with ONNX Runtime, and fail if it differs from the model");
  command->add_flag("--overwrite", options->overwrite, "Replace an earlier export");
  add_threads_option(*command, options->threads);
  options->screen.add_to(*command);
  command->footer(
      "Example:\n  bertune export my-model --format onnx --output my-model-onnx\nSee docs/onnx.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
