#include "cli/commands/inspect_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "bertune/lora.h"
#include "checkpoint/describe.h"
#include "cli/commands/network_command.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "core/json.h"

namespace bertune::cli {
namespace {

// Describes an adapter, and its base as any model.
std::string adapter_text(const std::filesystem::path& directory, const std::filesystem::path& base) {
  const LoraConfig lora = lora_config_from_pretrained(directory);
  return fmt::format("LoRA adapter {}: rank {}, alpha {}, of {}; trained whole: {}\nof the model {}{}\n{}",
                     directory.string(), lora.r, lora.lora_alpha, fmt::join(lora.target_modules, ", "),
                     fmt::join(lora.modules_to_save, ", "), lora.base_model_name_or_path,
                     lora.revision.empty() ? "" : " at revision " + lora.revision,
                     checkpoint::describe(base));
}

Json adapter_json(const std::filesystem::path& directory, const std::filesystem::path& base) {
  const LoraConfig lora = lora_config_from_pretrained(directory);
  return {{"directory", directory.string()},
          {"adapter",
           {{"r", lora.r},
            {"lora_alpha", lora.lora_alpha},
            {"base_model_name_or_path", lora.base_model_name_or_path},
            {"revision", lora.revision.empty() ? Json() : Json(lora.revision)},
            {"target_modules", lora.target_modules},
            {"modules_to_save", lora.modules_to_save}}},
          {"base", checkpoint::describe_json(base)}};
}

}  // namespace

void add_inspect_command(CLI::App& app) {
  struct Options {
    AskedModel model;
    NetworkOptions network;
    ScreenOptions screen;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("inspect", "Show a model's configuration, tensors and parameter counts");
  command
      ->add_option("model,--model", options->model.folder,
                   "Model folder, or its name on the Hugging Face Hub")
      ->required();
  options->model.hub.add_to(*command);
  command->add_flag("--json", options->json, "Print JSON and nothing else");
  options->network.add_to(*command);
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune inspect my-model\n"
      "  bertune inspect bert-base-uncased --json\n"
      "  bertune inspect bert-base-uncased --network --cores 32 --link 10GbE");
  command->callback([options] {
    options->model.find(options->json || options->screen.hides_progress());
    const std::filesystem::path &folder = options->model.folder, &base = options->model.base;
    if (options->network.asked) {
      const NetworkReport report(options->network, folder, base);
      return write_to_standard_output(options->json ? dump_json(report.json()) : report.text());
    }
    const bool adapter = !base.empty();
    const auto json = [&] {
      return dump_json(adapter ? adapter_json(folder, base) : checkpoint::describe_json(folder));
    };
    write_to_standard_output(options->json ? json()
                             : adapter     ? adapter_text(folder, base)
                                           : checkpoint::describe(folder));
  });
}

}  // namespace bertune::cli
