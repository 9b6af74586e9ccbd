// --model by name: the flags around it, and what a person sees of a download.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <string>

namespace bertune::cli {

struct HubFlags {
  std::string revision, token;
  std::filesystem::path cache_dir;
  bool offline = false;

  void add_to(CLI::App& command);
  // resolve_model (bertune/hub.h), with notes on standard error and, on a terminal, progress. `weights`
  // false: the command reads only configuration and tokenizer.
  std::filesystem::path find(const std::filesystem::path& model, bool quiet = false,
                             bool weights = true) const;
};

}  // namespace bertune::cli
