// The options around the name of a model of the Hugging Face Hub.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <string>

#include "bertune/hub.h"

namespace bertune::options {

struct HubFlags {
  std::string revision, token;
  std::filesystem::path cache_dir;
  bool offline = false;

  void add_to(CLI::App& command);
  HubOptions values() const;
};

}  // namespace bertune::options
