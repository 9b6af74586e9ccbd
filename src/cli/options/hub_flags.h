// --model by name: the flags around it, and what a person sees of a download.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <string>

#include "bertune/hub.h"
#include "options/hub_flags.h"

namespace bertune::cli {

struct HubFlags : options::HubFlags {
  // resolve_model (bertune/hub.h), with notes on standard error and, on a terminal, progress. `weights`
  // false: the command reads only configuration and tokenizer.
  std::filesystem::path find(const std::filesystem::path& model, bool quiet = false,
                             bool weights = true) const;
  // base_of_adapter (bertune/lora.h) in the same way, of a folder that was found; of a model empty.
  std::filesystem::path find_base(const std::filesystem::path& folder, bool quiet = false) const;
};

// The options with which a download is shown on the screen, and interrupted.
HubOptions shown(const options::HubFlags& flags, bool quiet);

// --model of commands that use a model as it is.
struct AskedModel {
  std::filesystem::path folder, base;  // base: of an adapter
  HubFlags hub;

  // `what` is said of --model in the help.
  void add_to(CLI::App& command, const std::string& what);
  // Downloads what has to be; `folder` was a name until then.
  void find(bool quiet);
};

}  // namespace bertune::cli
