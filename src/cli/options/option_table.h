// The table of the program's commands and options, as values: what help says, for manual pages and shells.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::cli {

struct OptionRow {
  std::string flag;        // "--batch-size"; of an argument its name, "FILE"
  std::string short_flag;  // "-h", or empty
  std::string value;       // the placeholder of its value, "N"; empty for flags and arguments
  std::string text;        // with the default
  std::string group;       // the heading it is listed below
  bool is_argument = false;
};

struct CommandRow {
  std::string name;    // "train"; of the program itself empty
  std::string usage;   // "bertune train --model MODEL [OPTIONS]"
  std::string text;    // what it does
  std::string footer;  // examples
  std::vector<OptionRow> options;
};

// The program first, then its commands; each with what its help lists, in that order.
std::vector<CommandRow> option_table(const CLI::App& program);

// Each takes the table. `shell`: "bash", "zsh" or "fish"; throws UsageError for another one.
std::string completion_script(const std::vector<CommandRow>& table, std::string_view shell);
// A page for man(1) of a command; of the program where `command` is the first row.
std::string manual_page(const std::vector<CommandRow>& table, const CommandRow& command);

}  // namespace bertune::cli
