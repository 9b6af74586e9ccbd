#include "inspect.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "checkpoint/describe.h"
#include "core/json.h"
#include "hub_flags.h"

namespace bertune {

void add_inspect_command(CLI::App& app) {
  struct Options {
    std::filesystem::path directory;
    cli::HubFlags hub;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "inspect", "Show a model's configuration, tensors and parameter counts, without reading its weights");
  command
      ->add_option("directory,--model", options->directory,
                   "Folder with config.json and the weights, or its name on the hub")
      ->required();
  options->hub.add_to(*command);
  command->add_flag("--json", options->json, "Print JSON for programs");
  command->callback([options] {
    options->directory = options->hub.find(options->directory, options->json);
    fmt::print("{}", options->json ? dump_json(checkpoint::describe_json(options->directory))
                                   : checkpoint::describe(options->directory));
  });
}

}  // namespace bertune
