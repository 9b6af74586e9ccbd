#include "cli/options/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "cli/options/option_kinds.h"
#include "cli/options/transformers_names.h"
#include "cli/screen/ranks.h"
#include "core/nearest.h"

namespace bertune::cli {
namespace {

bool is_option(std::string_view text) { return text.size() > 2 && text.starts_with("--"); }

bool has_positionals(const CLI::App& command) {
  return std::ranges::any_of(command.get_options(),
                             [](const CLI::Option* option) { return option->get_positional(); });
}

const CLI::Option* any_option(const CLI::App& command, std::string_view name) {
  for (const CLI::Option* option : command.get_options())
    if (has_name(*option, name)) return option;
  return nullptr;
}

class Settling {
 public:
  Settling(const CLI::App& command, const std::vector<std::string>& arguments, std::size_t first)
      : command_(command), arguments_(arguments), next_(first) {
    settled_.command = &command;
    settled_.texts.assign(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(first));
  }

  SettledArguments run() && {
    while (next_ < arguments_.size()) {
      const std::string& argument = arguments_[next_++];
      if (argument == "--") {
        --next_;
        break;
      }
      if (is_option(argument)) {
        take(argument);
      } else {
        settled_.texts.push_back(argument);
      }
    }
    settled_.texts.insert(settled_.texts.end(), arguments_.begin() + static_cast<std::ptrdiff_t>(next_),
                          arguments_.end());
    return std::move(settled_);
  }

 private:
  void take(const std::string& argument) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals - 2);
    std::optional<std::string> value;
    if (equals != argument.npos) value = argument.substr(equals + 1);
    if (const CLI::Option* option = any_option(command_, name)) return take_own(*option, name, value);
    if (takes_transformers_flags(command_)) {
      if (const TransformersName* known = transformers_name(name)) return take_foreign(*known, name, value);
      const TransformersName* negated =
          joined(name, '_').starts_with("no_") ? transformers_name(name.substr(3)) : nullptr;
      if (negated != nullptr && negated->is_boolean() && !value) return note(*negated, name, "false");
    }
    throw UsageError(no_such_option(command_, name, {"--", ""}));
  }

  // Passes the option on under the name that CLI11 knows.
  void take_own(const CLI::Option& option, const std::string& name, std::optional<std::string> value) {
    const std::string flag = "--" + name_in(option, name);
    const OptionKind kind = kind_of(option);
    if (kind == OptionKind::flag && !value) value = next_boolean();
    if (kind == OptionKind::flag) {
      const std::optional<bool> word = value ? boolean_word(*value) : std::nullopt;
      if (word) value = *word ? "true" : "false";
      if (flag == "--silent") settled_.is_silent = word.value_or(true);
      settled_.texts.push_back(value ? fmt::format("{}={}", flag, *value) : flag);
      return;
    }
    const bool one_value = kind != OptionKind::flag_with_value && kind != OptionKind::list;
    if (one_value && !value) {
      if (next_ >= arguments_.size() || is_option(arguments_[next_]) || arguments_[next_] == "--")
        throw UsageError(fmt::format("--{} needs a value, {}", name, wanted_of(kind)));
      value = arguments_[next_++];
    }
    if (is_for_each_device(name)) value = for_all_devices(name, *value);
    if (one_value && !fits(*value, kind))
      throw UsageError(fmt::format("--{} is \"{}\"; it must be {}", name, *value, wanted_of(kind)));
    // CLI11 takes what stands behind an = for the value, whatever it begins with, if it is anything.
    settled_.texts.push_back(value && !value->empty() ? fmt::format("{}={}", flag, *value) : flag);
    if (value && value->empty()) settled_.texts.emplace_back();
  }

  // Transformers counts the rows of a step for each process, and Bertune those of all.
  static bool is_for_each_device(const std::string& name) {
    return launched_ranks() > 1 && (joined(name, '_') == "per_device_train_batch_size" ||
                                    joined(name, '_') == "per_gpu_train_batch_size");
  }
  std::string for_all_devices(const std::string& name, const std::string& value) {
    std::int64_t rows = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rows);
    if (error != std::errc() || end != value.data() + value.size() || rows > 1'000'000'000) return value;
    const std::int64_t all = rows * launched_ranks();
    settled_.notes.push_back(fmt::format("--{} {} for each of {} processes is --batch-size {}", name, rows,
                                         launched_ranks(), all));
    return std::to_string(all);
  }

  void take_foreign(const TransformersName& known, const std::string& name,
                    std::optional<std::string> value) {
    if (!value && known.is_boolean()) {
      value = next_boolean().value_or("true");
    } else if (!value) {
      value = next_value();
      // The words after the first value may be files if the command takes files by themselves.
      while (known.takes_list && !has_positionals(command_) && next_value()) {
      }
    }
    if (!value) throw UsageError(fmt::format("--{} needs a value", name));
    note(known, name, *value);
  }
  void note(const TransformersName& known, const std::string& name, const std::string& value) {
    if (std::string text = note_of(known, value, "--" + name, command_.get_name()); !text.empty())
      settled_.notes.push_back(std::move(text));
  }

  std::optional<std::string> next_value() {
    if (next_ >= arguments_.size() || is_option(arguments_[next_]) || arguments_[next_] == "--")
      return std::nullopt;
    return arguments_[next_++];
  }
  // The next argument where it can only be the value of a flag: "1" may be a text or the name of a file.
  std::optional<std::string> next_boolean() {
    if (next_ >= arguments_.size() || !boolean_word(arguments_[next_])) return std::nullopt;
    const std::string& word = arguments_[next_];
    const bool is_value = has_positionals(command_)
                              ? takes_transformers_flags(command_) && (word == "True" || word == "False")
                              : true;
    return is_value ? std::optional(arguments_[next_++]) : std::nullopt;
  }

  const CLI::App& command_;
  const std::vector<std::string>& arguments_;
  std::size_t next_;
  SettledArguments settled_;
};

[[noreturn]] void fail_command(const CLI::App& program, const std::string& name) {
  std::vector<std::string> names;
  std::string list;
  for (const CLI::App* command : program.get_subcommands({})) {
    names.push_back(command->get_name());
    list += (list.empty() ? "" : ", ") + names.back();
  }
  const std::string_view near = nearest(name, names);
  throw UsageError(near.empty()
                       ? fmt::format("bertune has no command \"{}\"; the commands are {}", name, list)
                       : fmt::format("bertune has no command \"{}\"; did you mean \"{}\"?", name, near));
}

// `bertune help` is bertune --help, and `bertune help train` bertune train --help.
SettledArguments settled_help(const CLI::App& program, const std::vector<std::string>& arguments) {
  SettledArguments settled{.texts = {arguments[0]}, .notes = {}, .command = nullptr, .is_silent = false};
  if (arguments.size() > 2 && !arguments[2].starts_with('-')) {
    settled.command = command_named(program, arguments[2]);
    if (settled.command == nullptr) fail_command(program, arguments[2]);
    settled.texts.push_back(arguments[2]);
  }
  settled.texts.emplace_back("--help");
  return settled;
}

}  // namespace

const CLI::App* command_named(const CLI::App& program, std::string_view name) {
  for (const CLI::App* command : program.get_subcommands({}))
    if (command->get_name() == name) return command;
  return nullptr;
}

bool takes_transformers_flags(const CLI::App& command) {
  return command.get_option_no_throw("--config") != nullptr;
}

SettledArguments settled_arguments(const CLI::App& program, const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || arguments[1].starts_with('-'))
    return {.texts = arguments, .notes = {}, .command = nullptr, .is_silent = false};
  if (arguments[1] == "help") return settled_help(program, arguments);
  if (const CLI::App* command = command_named(program, arguments[1]))
    return Settling(*command, arguments, 2).run();
  fail_command(program, arguments[1]);
}

}  // namespace bertune::cli
