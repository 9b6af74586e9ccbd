#include "cli/options/help.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/options/option_kinds.h"
#include "cli/options/option_table.h"

namespace bertune::cli {
namespace {

constexpr std::size_t kWidth = 80, kColumn = 30;
constexpr const char* kFirstGroup = "Options";  // CLI11's name for the group of what has none

// Groups that are not named here stand between these and the last two.
constexpr std::array<std::string_view, 4> kFirstGroups = {kFirstGroup, "Data", "Text", "Training"};
constexpr std::array<std::string_view, 2> kLastGroups = {"Hugging Face Hub", "Output"};

// The placeholder for the value of an option of text; NAME for those that are not listed.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kPlaceholders = {{
    {"model", "MODEL"},
    {"train", "FILE"},
    {"validation", "FILE"},
    {"test", "FILE"},
    {"config", "FILE"},
    {"config-name", "FILE"},
    {"output", "FOLDER"},
    {"cache-dir", "FOLDER"},
    {"vocabulary", "FOLDER"},
    {"token", "TOKEN"},
    {"revision", "REVISION"},
    {"delimiter", "CHARACTER"},
    {"class-weights", "WEIGHTS"},
    {"optim-args", "OPTIONS"},
    {"lr-scheduler-kwargs", "OPTIONS"},
}};

std::string wrapped(std::string_view text, std::size_t indent, std::size_t column) {
  std::string result;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    const bool ends_line = word.size() < text.size() && text[word.size()] == '\n';
    const bool begins = result.empty() || result.back() == ' ' || result.back() == '\n';
    if (!begins && column + 1 + word.size() > kWidth) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!begins) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (ends_line) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    }
  }
  return result;
}

// "  left   what is right of it", which goes on below where one line does not hold it.
std::string entry(std::string_view left, std::string_view text, std::size_t column) {
  std::string line = fmt::format("  {}", left);
  if (line.size() + 2 > column) {
    line += "\n" + std::string(column, ' ');
  } else {
    line.resize(column, ' ');
  }
  return line + wrapped(text, column, column) + "\n";
}

bool is_positional(const CLI::Option& option) { return option.get_positional(); }

std::string placeholder(const CLI::Option& option) {
  const OptionKind kind = kind_of(option);
  if (kind == OptionKind::flag) return {};
  std::string type = option.get_type_name();
  type.resize(std::min(type.size(), type.find(':')));  // a check of the value follows the colon
  if (type == "TEXT") {
    const std::string name = option.get_lnames().empty() ? "" : option.get_lnames().front();
    const auto* const known =
        std::ranges::find(kPlaceholders, name, &decltype(kPlaceholders)::value_type::first);
    type = known != kPlaceholders.end() ? known->second : name.ends_with("-file") ? "FILE" : "NAME";
  } else if (kind != OptionKind::text && kind != OptionKind::list) {
    type = kind == OptionKind::boolean ? "true|false" : "N";
  }
  return kind == OptionKind::list ? type + "..." : type;
}

std::string argument_name(const CLI::Option& option) {
  std::string name = option.get_name(true);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  return kind_of(option) == OptionKind::list ? name + "..." : name;
}

std::string flag_name(const CLI::Option& option) {
  const std::string short_name =
      option.get_snames().empty() ? "" : fmt::format("-{}, ", option.get_snames()[0]);
  const std::string value = placeholder(option);
  return fmt::format("{}--{}{}{}", short_name, option.get_lnames().front(), value.empty() ? "" : " ", value);
}

std::string description(const CLI::Option& option) {
  std::string text = option.get_description();
  const auto add = [&](std::string_view more) {
    if (text.ends_with(')')) {
      text.back() = ';';
      text += fmt::format(" {})", more);
    } else {
      text += fmt::format(" ({})", more);
    }
  };
  // An argument that may also be given as an option of Bertune's own.
  if (is_positional(option) && !option.get_lnames().empty() &&
      option.get_lnames()[0].find('_') == std::string::npos)
    add(fmt::format("or give --{}", option.get_lnames()[0]));
  if (!option.get_default_str().empty() && text.find("default: ") == std::string::npos)
    add("default: " + option.get_default_str());
  if (option.get_required() && !is_positional(option)) add("required");
  return text;
}

std::string usage(const CLI::App& app, const std::string& name) {
  std::string text = "Usage: " + name;
  if (!app.get_subcommands({}).empty()) text += " COMMAND";
  for (const CLI::Option* option : app.get_options()) {
    if (is_positional(*option)) continue;
    if (option->get_required()) text += " " + flag_name(*option);
  }
  text += " [OPTIONS]";
  for (const CLI::Option* option : app.get_options()) {
    if (!is_positional(*option)) continue;
    text += fmt::format(fmt::runtime(option->get_required() ? " {}" : " [{}]"), argument_name(*option));
  }
  return text + "\n";
}

std::string arguments(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options())
    if (is_positional(*option)) text += entry(argument_name(*option), description(*option), kColumn);
  return text.empty() ? "" : "\nArguments:\n" + text;
}

std::vector<std::string> groups_of(const CLI::App& app) {
  std::vector<std::string> groups = app.get_groups();
  const auto rank = [](const std::string& group) {
    const auto* const first = std::ranges::find(kFirstGroups, group);
    if (first != kFirstGroups.end()) return static_cast<int>(first - kFirstGroups.begin());
    const auto* const last = std::ranges::find(kLastGroups, group);
    return static_cast<int>(kFirstGroups.size()) +
           (last == kLastGroups.end() ? 0 : 1 + static_cast<int>(last - kLastGroups.begin()));
  };
  std::ranges::stable_sort(groups, {}, rank);
  return groups;
}

// The options of a group in the order of the help.
std::vector<const CLI::Option*> options_of(const CLI::App& app, const std::string& group) {
  std::vector<const CLI::Option*> options = app.get_options(
      [&](const CLI::Option* option) { return option->get_group() == group && !is_positional(*option); });
  // Options that every command has come last.
  std::ranges::stable_partition(options, [](const CLI::Option* option) {
    const std::string& name = option->get_lnames().front();
    return name != "config" && !name.starts_with("help") && name != "version";
  });
  return options;
}

std::string group_text(const CLI::App& app, const std::string& group) {
  std::string text;
  for (const CLI::Option* option : options_of(app, group))
    text += entry(flag_name(*option), description(*option), kColumn);
  return text;
}

std::string commands(const CLI::App& app) {
  constexpr std::size_t kCommandColumn = 17;
  std::string text;
  for (const CLI::App* command : app.get_subcommands({}))
    text += entry(command->get_name(), command->get_description(), kCommandColumn);
  return text.empty() ? "" : "\nCommands:\n" + text;
}

std::string help_of(const CLI::App& app, const std::string& name, CLI::AppFormatMode mode) {
  std::string text =
      wrapped(app.get_description(), 0, 0) + "\n\n" + usage(app, name) + commands(app) + arguments(app);
  for (const std::string& group : groups_of(app)) {
    const std::string options = group.empty() ? "" : group_text(app, group);
    if (!options.empty()) text += fmt::format("\n{}:\n{}", group, options);
  }
  if (!app.get_footer().empty()) text += fmt::format("\n{}\n", app.get_footer());
  if (mode != CLI::AppFormatMode::All) return text;
  for (const CLI::App* command : app.get_subcommands({})) {
    const std::string title = fmt::format("{} {}", name, command->get_name());
    text += fmt::format("\n{}\n{}\n{}", title, std::string(title.size(), '-'),
                        help_of(*command, title, CLI::AppFormatMode::Normal));
  }
  return text;
}

}  // namespace

void use_help_layout(CLI::App& app) {
  app.formatter_fn([](const CLI::App* shown, std::string name, CLI::AppFormatMode mode) {
    return help_of(*shown, name, mode);
  });
}

namespace {

CommandRow row_of(const CLI::App& app, const std::string& called) {
  const std::string usage_line = usage(app, called);
  const std::size_t begin = std::string_view("Usage: ").size();
  CommandRow row{.name = app.get_parent() == nullptr ? "" : app.get_name(),
                 .usage = usage_line.substr(begin, usage_line.size() - begin - 1),
                 .text = app.get_description(),
                 .footer = app.get_footer(),
                 .options = {}};
  for (const CLI::Option* option : app.get_options())
    if (is_positional(*option))
      row.options.push_back({argument_name(*option), {}, {}, description(*option), "Arguments", true});
  for (const std::string& group : groups_of(app)) {
    if (group.empty()) continue;
    for (const CLI::Option* option : options_of(app, group)) {
      const std::vector<std::string>& shorts = option->get_snames();
      row.options.push_back({"--" + option->get_lnames().front(), shorts.empty() ? "" : "-" + shorts[0],
                             placeholder(*option), description(*option), group});
    }
  }
  return row;
}

}  // namespace

std::vector<CommandRow> option_table(const CLI::App& program) {
  std::vector<CommandRow> table = {row_of(program, program.get_name())};
  for (const CLI::App* command : program.get_subcommands({}))
    table.push_back(row_of(*command, fmt::format("{} {}", program.get_name(), command->get_name())));
  return table;
}

std::string overview() {
  return "Bertune fine-tunes BERT models on your own data. The commands used most:\n"
         "\n"
         "train: fine-tune a model on a file of texts and labels, and test it\n"
         "  bertune train --model bert-base-uncased --train train.csv --output my-model\n"
         "predict: run a fine-tuned model on new data\n"
         "  bertune predict --model my-model new.csv --output predictions.jsonl\n"
         "evaluate: test a fine-tuned model on labeled data\n"
         "  bertune evaluate --model my-model --test test.csv\n"
         "inspect: show what a model consists of\n"
         "  bertune inspect my-model\n"
         "\n"
         "bertune help lists all commands; bertune help COMMAND shows its options.\n";
}

}  // namespace bertune::cli
