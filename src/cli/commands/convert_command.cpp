#include "cli/commands/convert_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "bertune/error.h"
#include "cli/options/hub_flags.h"
#include "cli/options/parsed_option.h"
#include "cli/options/shared_options.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

struct Options {
  std::filesystem::path model, output;
  HubFlags hub;
  ScreenOptions screen;
  std::optional<SaveDtype> save_dtype;
  bool merge = false, overwrite = false;
};

void run(const Options& options) {
  if (!options.save_dtype && !options.merge) throw UsageError("give --save-dtype, --merge, or both");
  const SaveDtype dtype = options.save_dtype.value_or(SaveDtype::float32);
  std::error_code error;
  if (std::filesystem::exists(options.output / "config.json", error) && !options.overwrite) {
    throw UsageError(fmt::format(
        "--output {}: already holds a model; add --overwrite to replace it, or choose another folder",
        options.output.string()));
  }
  const std::filesystem::path model = options.hub.find(options.model, options.screen.hides_progress());
  if (options.merge) {
    train::merge_model_folder(model, options.output, dtype,
                              options.hub.find_base(model, options.screen.hides_progress()));
  } else {
    train::convert_model_folder(model, options.output, dtype);
  }
  const std::uintmax_t bytes = std::filesystem::file_size(options.output / "model.safetensors");
  fmt::print("Wrote the model in {} to {} ({:.1f} MB)\n", to_string(dtype), options.output.string(),
             static_cast<double>(bytes) / 1e6);
}

}  // namespace

void add_convert_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "convert", "Convert a model's weights to another data type, or merge a LoRA adapter into its base");
  command
      ->add_option("--model,--model_name_or_path", options->model,
                   "Model folder, or its name on the Hugging Face Hub")
      ->required();
  options->hub.add_to(*command);
  command->add_option("--output,--output_dir", options->output, "Folder to write the converted model to")
      ->required();
  add_parsed_option(*command, "--save-dtype,--save_dtype", options->save_dtype, save_dtype_from_string,
                    "Data type of the weights: float32, float16 or bfloat16");
  command->add_flag("--merge", options->merge, "Merge a LoRA adapter into its base model");
  command->add_flag("--overwrite", options->overwrite, "Replace the model in the folder");
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n  bertune convert --model my-model --output my-model-half --save-dtype float16\n"
      "  bertune convert --model my-adapter --output my-model --merge");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
