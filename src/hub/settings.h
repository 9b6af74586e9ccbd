// Reads the environment's settings of the hub, from the variables of huggingface_hub and Transformers.
#pragma once

#include <filesystem>
#include <string>

#include "bertune/hub.h"

namespace bertune::hub {

struct Settings {
  std::filesystem::path cache_dir;
  std::string endpoint;  // without a slash at its end
  std::string token;     // empty: none
  bool offline = false;
};

// `options` go before the environment. Throws UsageError for an endpoint that is no http(s) address and for a
// token that can be none.
Settings settings_of(const HubOptions& options);

}  // namespace bertune::hub
