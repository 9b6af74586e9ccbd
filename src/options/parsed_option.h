// Options whose values are names: parsed as they are read, so that behind the command line there are no
// names.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>

namespace bertune::options {

// `parse` makes the value of a text, and throws UsageError for one that names nothing.
template <typename Value, typename Parse>
CLI::Option* add_parsed_option(CLI::App& command, const std::string& names, Value& value, Parse parse,
                               const std::string& help) {
  return command.add_option_function<std::string>(
      names, [&value, parse = std::move(parse)](const std::string& text) { value = parse(text); }, help);
}

}  // namespace bertune::options
