// Options by name, as texts: what --optim-args and --lr-scheduler-kwargs hold.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::optim {

using OptionValues = std::map<std::string, std::string>;

struct OptionInfo {
  std::string name;           // PyTorch's or Transformers'
  std::string default_value;  // theirs, too; "none" where leaving it out means something
};

// "name=value,name=value" as the Trainer's --optim_args, or a flat JSON object as its --lr_scheduler_kwargs.
// Throws UsageError, naming `flag`.
OptionValues parse_options(std::string_view text, std::string_view flag);
// "name=value,name=value".
std::string options_text(const OptionValues& options);

}  // namespace bertune::optim
