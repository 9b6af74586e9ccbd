#include "cli/options/option_kinds.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "cli/screen/flag_words.h"

namespace bertune::cli {
namespace {

std::string joined(std::string_view name, char between) {
  std::string result(name);
  std::ranges::replace(result, between == '_' ? '-' : '_', between);
  return result;
}

}  // namespace

bool is_for_files(const CLI::Option& option) {
  return !option.get_lnames().empty() && !option.check_lname("help") && !option.check_lname("help-all") &&
         !option.check_lname("config");
}

OptionKind kind_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return OptionKind::flag;
  if (option.get_items_expected_min() == 0) return OptionKind::flag_with_value;
  if (option.get_items_expected_max() > 1) return OptionKind::list;
  const std::string type = option.get_type_name();
  if (type.starts_with("INT")) return OptionKind::whole_number;
  if (type.starts_with("UINT")) return OptionKind::positive_number;
  if (type.starts_with("FLOAT")) return OptionKind::number;
  return type.starts_with("BOOLEAN") ? OptionKind::boolean : OptionKind::text;
}

bool has_name(const CLI::Option& option, std::string_view name) {
  return std::ranges::any_of(option.get_lnames(),
                             [&](const std::string& own) { return joined(own, '-') == joined(name, '-'); });
}

CLI::Option* option_named(CLI::App& command, std::string_view name) {
  for (CLI::Option* option : command.get_options())
    if (is_for_files(*option) && has_name(*option, name)) return option;
  return nullptr;
}

std::string name_in(const CLI::Option& option, std::string_view name) {
  for (const std::string& own : option.get_lnames())
    if (joined(own, '-') == joined(name, '-')) return own;
  return std::string(name);
}

std::vector<std::string> option_names(const CLI::App& command, char between) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!is_for_files(*option)) continue;
    for (const std::string& name : option->get_lnames()) names.push_back(joined(name, between));
  }
  return names;
}

void know_flags_of(const CLI::App& program) {
  std::set<std::string, std::less<>> commands, options;
  for (const CLI::App* command : program.get_subcommands({})) {
    std::string name = command->get_name();
    std::ranges::replace(name, '-', '_');
    commands.insert(std::move(name));
    for (std::string& option : option_names(*command, '_')) options.insert(std::move(option));
  }
  know_flags(FlagWords(std::move(commands), std::move(options)));
}

}  // namespace bertune::cli
