// Options by name, as texts: of an optimizer (optim_args) or a schedule (lr_scheduler_kwargs).
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
  std::string default_value;  // theirs, too; "none" where leaving it out means something
};

// "name=value,name=value" as Transformers' optim_args, or a flat JSON object as its lr_scheduler_kwargs.
// Throws UsageError, naming `option`, whose value the text is.
BERTUNE_EXPORT OptionValues parse_options(std::string_view text, std::string_view option);
// "name=value,name=value".
BERTUNE_EXPORT std::string options_text(const OptionValues& options);

}  // namespace bertune::optim
