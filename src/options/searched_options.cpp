#include "options/searched_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>

#include "options/option_kinds.h"

namespace bertune::options {
namespace {

// The groups of the help whose options decide what is learned from rows; the first three of training are
// shown before all groups.
constexpr std::array<std::string_view, 2> kSearchedGroups = {"Training", "Freezing, LoRA and memory"};
constexpr std::array<std::string_view, 3> kShownFirst = {"epochs", "batch-size", "learning-rate"};
constexpr std::array<std::string_view, 5> kInCommon = {"method", "metric-for-best-model", "on-collapse",
                                                       "ignore-mismatched-sizes", "frozen-cache-mib"};

}  // namespace

bool is_searched(const CLI::Option& option) {
  const auto is_in = [&](const auto& names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return has_name(option, name); });
  };
  if (is_in(kInCommon)) return false;
  return is_in(kShownFirst) ||
         std::ranges::find(kSearchedGroups, option.get_group()) != kSearchedGroups.end();
}

std::string setting_name(const CLI::Option& option) { return joined(option.get_lnames().front(), '_'); }

}  // namespace bertune::options
