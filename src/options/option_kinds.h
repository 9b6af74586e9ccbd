// The kinds of a command's options, as far as CLI11 knows them, for whoever gives values by name: files of
// options, C and Python.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::options {

enum class OptionKind { flag, flag_with_value, list, whole_number, positive_number, number, boolean, text };

OptionKind kind_of(const CLI::Option& option);
// Returns what a value of the kind must be, for messages: "a number".
std::string_view wanted_of(OptionKind kind);
// Returns whether the command line takes the text for a value of the kind.
bool fits(const std::string& text, OptionKind kind);

// Returns whether a file may set the option: not help, and not the file of options itself.
bool is_for_files(const CLI::Option& option);

// The name with '-' or '_' between its words.
std::string joined(std::string_view name, char between);
// Returns the option that has this long name, with - or _; null where a file can name none such.
CLI::Option* option_named(CLI::App& command, std::string_view name);
bool has_name(const CLI::Option& option, std::string_view name);
// Returns the name as it was declared, with its - or _; `name` if no such name was declared.
std::string name_in(const CLI::Option& option, std::string_view name);
// Returns all names, with '-' or '_' between the words.
std::vector<std::string> option_names(const CLI::App& command, char between);

// Returns why there is no such option, as the end of a sentence: the name that a person most likely meant, or
// the command that has it. `quote`: what stands around a name, as {"--", ""}.
struct Quote {
  std::string_view before, after;
};
std::string no_such_option(const CLI::App& command, std::string_view name, Quote quote);

}  // namespace bertune::options
