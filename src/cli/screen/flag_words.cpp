#include "cli/screen/flag_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bertune::cli {
namespace {

std::string dashed(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '_', '-');
  return result;
}

std::string_view name_of(std::string_view words) { return words.substr(0, words.find('=')); }

// "lora_rank=8" as --lora-rank 8.
std::string with_value(std::string_view words) {
  const std::string_view name = name_of(words);
  const std::string value =
      name.size() == words.size() ? "" : fmt::format(" {}", words.substr(name.size() + 1));
  return fmt::format("--{}{}", dashed(name), value);
}

FlagWords& known() {
  static FlagWords words({}, {});
  return words;
}

}  // namespace

std::string FlagWords::render(std::string_view message) const {
  std::string result;
  for (;;) {
    const std::size_t open = message.find('`');
    const std::size_t close = open == message.npos ? open : message.find('`', open + 1);
    if (close == message.npos) return result.append(message);
    const std::string_view words = message.substr(open + 1, close - open - 1);
    std::string flags = words.ends_with(')') ? call(words) : flag(words);
    // The second backtick of other words may be the first of an option.
    const std::size_t end = flags.empty() ? close : close + 1;
    result.append(message.substr(0, open)).append(flags.empty() ? message.substr(open, end - open) : flags);
    message.remove_prefix(end);
  }
}

std::string FlagWords::flag(std::string_view words) const {
  const std::string_view name = name_of(words);
  return options_.contains(name) ? with_value(words) : flag_elsewhere(words);
}

std::string FlagWords::flag_elsewhere(std::string_view words) const {
  const auto found = elsewhere_.find(name_of(words));
  return found == elsewhere_.end() ? ""
                                   : fmt::format("bertune {} {}", dashed(found->second), with_value(words));
}

std::string FlagWords::call(std::string_view words) const {
  const std::size_t open = words.find('(');
  const std::string_view name = words.substr(0, open);
  if (open == words.npos || !commands_.contains(name)) return {};
  const std::string_view argument = words.substr(open + 1, words.size() - open - 2);
  if (argument.empty()) return fmt::format("bertune {}", dashed(name));
  const std::string_view option = name_of(argument);
  const bool known = options_.contains(option) || elsewhere_.contains(option);
  return known ? fmt::format("bertune {} {}", dashed(name), with_value(argument)) : "";
}

void know_flags(FlagWords words) { known() = std::move(words); }

std::string with_flags(std::string_view message) { return known().render(message); }

}  // namespace bertune::cli
