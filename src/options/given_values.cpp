#include "options/given_values.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "bertune/error.h"
#include "options/option_kinds.h"

namespace bertune::options {
namespace {

// Returns the text as the command line would have it.
std::string text_of(const CLI::Option& option, const std::string& name, const std::string& value) {
  const OptionKind kind = kind_of(option);
  const OptionKind wanted = kind == OptionKind::flag ? OptionKind::boolean : kind;
  if (!fits(value, wanted))
    throw UsageError(name, fmt::format("`{}` is \"{}\"; it must be {}", name, value, wanted_of(wanted)));
  return kind == OptionKind::flag ? option.get_flag_value(name_in(option, name), value) : value;
}

}  // namespace

void give_values(CLI::App& command, const GivenValues& values) try {
  std::map<const CLI::Option*, std::string> named;
  for (const auto& [name, value] : values) {
    CLI::Option* option = option_named(command, name);
    if (option == nullptr) throw UsageError(name, no_such_option(command, name, {"`", "`"}));
    const auto [before, is_first] = named.emplace(option, name);
    if (!is_first && kind_of(*option) != OptionKind::list) {
      throw UsageError(name, before->second == name
                                 ? fmt::format("`{}` is given twice", name)
                                 : fmt::format("`{}` and `{}` are one option", before->second, name));
    }
    option->add_result(text_of(*option, name, value));
  }
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || named.contains(option)) continue;
    const std::string name = joined(option->get_lnames().front(), '_');
    throw UsageError(name, fmt::format("`{}` must be given", name));
  }
  command.parse(std::vector<std::string>());
} catch (const CLI::ParseError& error) {
  throw UsageError(error.what());
}

}  // namespace bertune::options
