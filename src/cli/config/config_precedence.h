// Removes from a file's options those that the command line overrides.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/config/config_file.h"

namespace bertune::cli {

// The command line is stronger: an option there stands for the file's, under any of its names and for all
// that say the same in another way. Single options of the optimizer are changed by --optim-args or the flags
// that are short for them, the file's others stay; where the command line names another optimizer or schedule
// than the file, none of the file's options of it do.
class ConfigPrecedence {
 public:
  ConfigPrecedence(CLI::App& command, const ConfigValue& file);

  // Gives the option the file's value, or what is left of it.
  void give(CLI::Option& option, const std::vector<std::string>& texts);
  // A line for each optimizer or schedule whose options were left behind.
  std::vector<std::string> notes() const;

 private:
  bool is_overruled(const CLI::Option& option) const;
  // The command line's optimizer or schedule, where it is another than the file's; else null.
  const CLI::Option* other_owner(const CLI::Option& option) const;
  const ConfigValue* in_file(const CLI::Option& option) const;  // null: not there
  void merge_optimizer_options(CLI::Option& option, const std::string& text) const;
  bool on_command_line(std::string_view name) const;

  CLI::App& command_;
  const ConfigValue& file_;
  std::set<const CLI::Option*> on_command_line_;
  std::map<const CLI::Option*, std::string> left_behind_;  // of each owner
};

}  // namespace bertune::cli
