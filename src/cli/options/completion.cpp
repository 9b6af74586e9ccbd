// Scripts for the completion of bash, zsh and fish: plain lists, which ask no running program.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

#include "bertune/error.h"
#include "cli/options/option_table.h"

namespace bertune::cli {

bool takes_file(const OptionRow& option) {
  return option.value == "FILE" || option.value == "MODEL" || option.is_argument;
}
bool takes_folder(const OptionRow& option) { return option.value == "FOLDER"; }

namespace {

std::string first_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  return std::string(text.substr(0, end));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// Returns the text in single quotes of a POSIX shell.
std::string shell_word(std::string_view text) {
  return fmt::format("'{}'", replaced(std::string(text), "'", "'\\''"));
}

// Words of a row's options that `wanted` takes, between spaces or bars.
template <typename Wanted>
std::string flags(const CommandRow& command, const char* between, Wanted wanted) {
  std::vector<std::string> names;
  for (const OptionRow& option : command.options) {
    if (option.is_argument || !wanted(option)) continue;
    names.push_back(option.flag);
    if (!option.short_flag.empty()) names.push_back(option.short_flag);
  }
  return fmt::format("{}", fmt::join(names, between));
}

std::string bash(const std::vector<CommandRow>& table) {
  const auto is_value = [](const OptionRow& option) {
    return !option.value.empty() && !takes_file(option) && !takes_folder(option);
  };
  std::string cases, commands;
  for (const CommandRow& command : table) {
    commands += command.name.empty() ? "" : command.name + " ";
    cases += fmt::format("    {})\n      flags=\"{}\"\n      folders=\"{}\"\n      values=\"{}\"\n      ;;\n",
                         command.name.empty() ? "''" : command.name,
                         flags(command, " ", [](const OptionRow&) { return true; }),
                         flags(command, " ", takes_folder), flags(command, " ", is_value));
  }
  return fmt::format(R"(# Completion of bertune for bash, made by `bertune completion bash`.
_bertune() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="" flags="" folders="" values=""
  ((COMP_CWORD > 1)) && command="${{COMP_WORDS[1]}}"
  case "$command" in
    help)
      COMPREPLY=($(compgen -W "{0}" -- "$current"))
      return
      ;;
{1}  esac
  if [[ -z $command ]]; then
    COMPREPLY=($(compgen -W "{0}help $flags" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ " $folders " == *" $before "* ]]; then
    COMPREPLY=($(compgen -d -- "$current"))
  elif [[ " $values " != *" $before "* ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}}
complete -o filenames -F _bertune bertune
)",
                     commands, cases);
}

std::string zsh_action(const OptionRow& option) {
  return takes_folder(option) ? "_files -/" : takes_file(option) ? "_files" : "";
}

// One specification of _arguments.
std::string zsh_option(const OptionRow& option) {
  std::string text = replaced(first_line(option.text), "\\", "\\\\");
  for (const char* special : {"[", "]", ":"}) text = replaced(text, special, fmt::format("\\{}", special));
  const std::string value =
      option.value.empty() ? "" : fmt::format(":{}:{}", option.value, zsh_action(option));
  std::string all;
  for (const std::string& name : {option.flag, option.short_flag})
    if (!name.empty())
      all += fmt::format(" \\\n        {}", shell_word(fmt::format("{}[{}]{}", name, text, value)));
  return all;
}

std::string zsh(const std::vector<CommandRow>& table) {
  std::string commands, cases;
  for (const CommandRow& command : table) {
    std::string options;
    for (const OptionRow& option : command.options)
      options += option.is_argument
                     ? fmt::format(" \\\n        {}", shell_word("*:" + option.flag + ":_files"))
                     : zsh_option(option);
    if (command.name.empty()) {
      cases += fmt::format("    ''|-*) _arguments{} ;;\n", options);
      continue;
    }
    commands += fmt::format(
        "    {}\n",
        shell_word(fmt::format("{}:{}", command.name, replaced(first_line(command.text), ":", "\\:"))));
    cases += fmt::format("    {}) _arguments{} ;;\n", command.name, options);
  }
  return fmt::format(R"(#compdef bertune
# Completion of bertune for zsh, made by `bertune completion zsh`.
_bertune() {{
  local -a commands
  commands=(
{}    'help:Show the options of a command'
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
    help) _describe command commands ;;
{}  esac
}}
compdef _bertune bertune
)",
                     commands, cases);
}

std::string fish(const std::vector<CommandRow>& table) {
  std::string text = "# Completion of bertune for fish, made by `bertune completion fish`.\n";
  const auto in_quotes = [](std::string_view words) {
    return fmt::format("'{}'", replaced(replaced(std::string(words), "\\", "\\\\"), "'", "\\'"));
  };
  for (const CommandRow& command : table) {
    std::string when = "__fish_use_subcommand";
    if (!command.name.empty()) {
      text += fmt::format("complete -c bertune -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                          in_quotes(first_line(command.text)));
      when = fmt::format("'__fish_seen_subcommand_from {}'", command.name);
    }
    for (const OptionRow& option : command.options) {
      if (option.is_argument) continue;
      const std::string short_flag =
          option.short_flag.empty() ? "" : fmt::format(" -s {}", option.short_flag.substr(1));
      const char* value = option.value.empty()   ? ""
                          : takes_folder(option) ? " -x -a '(__fish_complete_directories)'"
                          : takes_file(option)   ? " -r -F"
                                                 : " -x";
      text += fmt::format("complete -c bertune -n {} -l {}{}{} -d {}\n", when, option.flag.substr(2),
                          short_flag, value, in_quotes(first_line(option.text)));
    }
  }
  return text;
}

}  // namespace

std::string completion_script(const std::vector<CommandRow>& table, std::string_view shell) {
  if (shell == "bash") return bash(table);
  if (shell == "zsh") return zsh(table);
  if (shell == "fish") return fish(table);
  throw UsageError(
      fmt::format("there is no completion for \"{}\"; the shells are bash, zsh and fish", shell));
}

}  // namespace bertune::cli
