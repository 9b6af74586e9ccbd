#include "cli/commands/merge_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string_view>

#include "cli/commands/sink.h"
#include "cli/config/run_config.h"
#include "predict/parts.h"

namespace bertune::cli {
namespace {

struct MergeOptions {
  std::filesystem::path folder, output;
};

void merge(const MergeOptions& options) {
  Sink sink(options.output);
  predict::merge_parts(options.folder, [&](std::string_view text) { sink.write(text); });
  sink.finish();
}

}  // namespace

void add_merge_command(CLI::App& app) {
  const auto options = std::make_shared<MergeOptions>();
  CLI::App* command = app.add_subcommand("merge", "Join the parts that bertune predict --shard wrote");
  add_run_config(*command);
  command->add_option("folder", options->folder, "Folder of the parts")->required();
  command->add_option("--output", options->output, "File to write (default: standard output)")
      ->type_name("FILE");
  command->footer(
      "Example:\n"
      "  bertune merge parts --output predictions.jsonl\n"
      "A missing part is an error. A name that ends in .gz or .zst is compressed.");
  command->callback([options] { merge(*options); });
}

}  // namespace bertune::cli
