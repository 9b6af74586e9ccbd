#include "cli/commands/convert_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "options/parsed_option.h"
#include "runs/int8_calibration.h"
#include "tasks/prediction.h"
#include "tasks/trained_settings.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

struct Options {
  std::filesystem::path model, output;
  HubFlags hub;
  ScreenOptions screen;
  std::optional<SaveDtype> save_dtype;
  std::filesystem::path calibrate;
  double max_drop = 0.5;
  ThreadOptions threads;
  bool merge = false, overwrite = false;
};

// Finds which parts of the model stay f32 in int8 predictions; returns what bertune.json then says.
Json calibration(const Options& options, const std::filesystem::path& model) {
  const InterruptGuard guard;
  use_threads(options.threads);
  train::ModelFolder folder = train::ModelFolder::open(model, std::nullopt);
  const tasks::TestData data =
      task_of(folder.model.architecture(), model)
          .read_test({.path = options.calibrate,
                      .data = {},
                      .question_answering = {},
                      .threshold = {},
                      .long_text = {}},
                     {folder.tokenizer, folder.model.config(), folder.max_length, folder.settings});
  print_notes(data.notes);
  const bool quiet = options.screen.hides_progress();
  const runs::Int8Calibration found = runs::calibrate_int8(folder.model, *data.task, *data.examples,
                                                           {.max_drop = options.max_drop,
                                                            .progress =
                                                                [quiet](const std::string& what) {
                                                                  if (!quiet)
                                                                    fmt::print(stderr, "{}\n", what);
                                                                },
                                                            .stop = interrupt_token()});
  fmt::print("{} over {} rows: {:.4g} in fp32, {:.4g} in int8\n", found.metric, found.rows, found.fp32,
             found.int8);
  if (!found.float32_parts.empty())
    fmt::print("These stay in fp32: {}\n", fmt::join(found.float32_parts, ", "));
  return {{tasks::keys::kInt8, found.to_json()}};
}

void run(const Options& options) {
  if (!options.save_dtype && !options.merge && options.calibrate.empty())
    throw UsageError("give --save-dtype, --merge, or both; or --calibrate");
  if (options.merge && !options.calibrate.empty())
    throw UsageError(
        "--merge and --calibrate cannot be combined: merge first, then calibrate the merged model");
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
    const Json settings = options.calibrate.empty() ? Json::object() : calibration(options, model);
    train::convert_model_folder(model, options.output, dtype, settings);
  }
  const std::uintmax_t bytes = std::filesystem::file_size(options.output / "model.safetensors");
  if (!options.calibrate.empty())
    fmt::print("Use it: bertune predict --precision int8 --model {}\n", options.output.string());
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
  options::add_parsed_option(*command, "--save-dtype,--save_dtype", options->save_dtype,
                             save_dtype_from_string,
                             "Data type of the weights: float32, float16 or bfloat16");
  command->add_option("--calibrate", options->calibrate,
                      "File of labeled data: find which parts of the encoder stay fp32 in int8 predictions");
  command
      ->add_option("--max-drop", options->max_drop,
                   "Percent of the metric that int8 may lose on that file; beyond it, nothing is written")
      ->capture_default_str();
  command->add_flag("--merge", options->merge, "Merge a LoRA adapter into its base model");
  command->add_flag("--overwrite", options->overwrite, "Replace the model in the folder");
  add_threads_option(*command, options->threads);
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n  bertune convert --model my-model --output my-model-half --save-dtype float16\n"
      "  bertune convert --model my-adapter --output my-model --merge\n"
      "  bertune convert --model my-model --output my-int8 --calibrate dev.csv");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
