#include "options/hub_flags.h"

#include <CLI/CLI.hpp>

namespace bertune::options {

void HubFlags::add_to(CLI::App& command) {
  const std::string group = "Hugging Face Hub";
  command
      .add_option("--revision,--model-revision,--model_revision", revision,
                  "Branch, tag or commit of the model on the Hugging Face Hub (default: main)")
      ->group(group);
  command
      .add_option("--cache-dir,--cache_dir", cache_dir,
                  "Folder for downloaded models (default: HF_HUB_CACHE, or ~/.cache/huggingface/hub)")
      ->group(group);
  command
      .add_option(
          "--token", token,
          "Access token for private and gated models (default: HF_TOKEN; other users can see this option)")
      ->group(group);
  command
      .add_flag("--offline,--local-files-only,--local_files_only", offline,
                "Use no network (same as HF_HUB_OFFLINE=1)")
      ->group(group);
}

HubOptions HubFlags::values() const {
  HubOptions options;
  options.revision = revision;
  options.cache_dir = cache_dir;
  options.token = token;
  options.offline = offline;
  return options;
}

}  // namespace bertune::options
