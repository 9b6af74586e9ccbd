// OptionValues are options by name, as texts: of an optimizer (optim_args) or a schedule
// (lr_scheduler_kwargs).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"

namespace bertune::optim {

using OptionValues = std::map<std::string, std::string>;

struct OptionInfo {
  std::string name;           // PyTorch's or Transformers'
  std::string default_value;  // also theirs; "none" where leaving it out means something
};

// Parses "name=value,name=value" as Transformers' optim_args, or a flat JSON object as its
// lr_scheduler_kwargs. `option` is the option with this value. Throws UsageError, naming it, for other text.
BERTUNE_EXPORT OptionValues parse_options(std::string_view text, std::string_view option);
// Returns the options as "name=value,name=value".
BERTUNE_EXPORT std::string options_text(const OptionValues& options);

}  // namespace bertune::optim
