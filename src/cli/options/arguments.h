// The command line before CLI11 parses it: names under all their spellings, booleans with and without a
// value, flags of the Transformers scripts, and what is wrong said in full.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::cli {

struct SettledArguments {
  std::vector<std::string> texts;     // for CLI11; the program's name first
  std::vector<std::string> notes;     // on flags that mean nothing here, and were left out
  const CLI::App* command = nullptr;  // where one is named
  bool is_silent = false;             // --silent, before a file of options has its say
};

// Throws UsageError for a command or an option that there is not, naming the nearest; for a value that is
// missing or not a number; and for flags of Transformers that ask for what is not done here.
SettledArguments settled_arguments(const CLI::App& program, const std::vector<std::string>& arguments);

// Returns null where there is no such command.
const CLI::App* command_named(const CLI::App& program, std::string_view name);

// Returns whether the command takes flags of the Transformers scripts: where it takes files of options.
bool takes_transformers_flags(const CLI::App& command);

}  // namespace bertune::cli
