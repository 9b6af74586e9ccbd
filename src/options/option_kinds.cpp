#include "options/option_kinds.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "core/nearest.h"

namespace bertune::options {

std::string joined(std::string_view name, char between) {
  std::string result(name);
  std::ranges::replace(result, between == '_' ? '-' : '_', between);
  return result;
}

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

std::string_view wanted_of(OptionKind kind) {
  switch (kind) {
    case OptionKind::whole_number:
      return "a whole number";
    case OptionKind::positive_number:
      return "a whole number of at least 0, and below 2^64";
    case OptionKind::number:
      return "a number";
    case OptionKind::boolean:
      return "true or false";
    default:
      return "a text";
  }
}

bool fits(const std::string& text, OptionKind kind) {
  const auto is = [&]<typename Value>(Value value) {
    errno = 0;  // CLI11 cuts what is too large
    return CLI::detail::lexical_cast(text, value) && errno != ERANGE;
  };
  switch (kind) {
    case OptionKind::whole_number:
      return is(std::int64_t{});
    case OptionKind::positive_number:
      return !text.starts_with('-') && is(std::uint64_t{});
    case OptionKind::number:
      return is(double{});
    case OptionKind::boolean:
      return is(bool{});
    default:
      return true;
  }
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

std::string no_such_option(const CLI::App& command, std::string_view name, Quote quote) {
  const std::string sentence =
      fmt::format("bertune {} has no option {}{}{}", command.get_name(), quote.before, name, quote.after);
  for (const CLI::App* other : command.get_parent()->get_subcommands({})) {
    const std::vector<std::string> names = option_names(*other, '-');
    if (std::ranges::find(names, joined(name, '-')) != names.end())
      return fmt::format("{}; bertune {} has it", sentence, other->get_name());
  }
  const std::vector<std::string> names = option_names(command, name.find('_') != name.npos ? '_' : '-');
  if (const std::string_view near = nearest(name, names); !near.empty())
    return fmt::format("{}; did you mean {}{}{}?", sentence, quote.before, near, quote.after);
  return sentence;
}

}  // namespace bertune::options
