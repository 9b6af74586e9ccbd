#include "cli/config/run_config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <vector>

#include "bertune/error.h"
#include "cli/config/config_file.h"
#include "cli/config/config_precedence.h"
#include "cli/options/device_rows.h"
#include "cli/options/option_kinds.h"
#include "cli/options/transformers_names.h"
#include "cli/screen/messages.h"
#include "core/nearest.h"

namespace bertune::cli {
namespace {

using Kind = ConfigValue::Kind;

// Describes a value to a person.
std::string described(const ConfigValue& value) {
  switch (value.kind) {
    case Kind::text:
      return fmt::format("the text {}", quoted_list({value.text}));
    case Kind::list:
      return "a list";
    case Kind::mapping:
      return "a mapping";
    default:
      return value.text;
  }
}

class File {
 public:
  File(CLI::App& command, const std::string& path)
      : command_(command), path_(path), file_(read_config_file(path)) {}

  void apply() {
    ConfigPrecedence precedence(command_, file_);
    for (std::size_t i = 0; i < file_.items.size(); ++i) {
      const ConfigValue& value = file_.items[i];
      CLI::Option* option = option_named(command_, file_.keys[i]);
      if (option == nullptr) {
        take_unknown(file_.keys[i], value);
        continue;
      }
      const std::vector<std::string> texts = texts_of(file_.keys[i], value, *option);
      if (texts.empty()) continue;
      const auto [before, first] = named_.emplace(option, Named{file_.keys[i], texts});
      if (!first && before->second.texts == texts) continue;  // as TrainingArguments has old and new names
      if (!first)
        fail(value, fmt::format("\"{}\" and \"{}\" are one option", before->second.key, file_.keys[i]));
      precedence.give(*option, texts);
    }
    for (const std::string& note : precedence.notes()) notes_.push_back(fmt::format("{}: {}", path_, note));
    const CLI::Option* silent = option_named(command_, "silent");
    if (silent != nullptr && silent->count() > 0 && silent->as<bool>()) silence();
    print_notes(notes_);
  }

 private:
  [[noreturn]] void fail(const ConfigValue& value, const std::string& what) const {
    throw UsageError(fmt::format("{}:{}: {}", path_, value.line, what));
  }
  [[noreturn]] void fail_type(const std::string& key, const ConfigValue& value,
                              std::string_view wanted) const {
    fail(value, fmt::format("\"{}\" is {}; it must be {}", key, described(value), wanted));
  }

  bool is_model_config() const {
    const auto has = [this](std::string_view key) {
      return std::ranges::find(file_.keys, key) != file_.keys.end();
    };
    return has("model_type") && has("vocab_size");
  }

  void take_unknown(const std::string& key, const ConfigValue& value) {
    if (option_named(command_, "config-name") != nullptr && is_model_config()) {
      fail(value,
           fmt::format("bertune {} has no option \"{}\"; a config.json with the sizes of a new model is "
                       "given by --config-name",
                       command_.get_name(), key));
    }
    const std::string where = fmt::format("{}:{}: ", path_, value.line);
    if (const TransformersName* known = transformers_name(key)) {
      if (value.kind == Kind::null) return;
      const std::string text = value.is_scalar() ? value.text : value.to_json().dump();
      const std::string note = note_of(*known, text, fmt::format("\"{}\"", key), command_.get_name(), where);
      if (!note.empty()) notes_.push_back(note);
      return;
    }
    const std::string what = no_such_option(command_, key, {"\"", "\""});
    const bool is_helped = what.find(';') != what.npos;
    fail(value, is_helped ? what : fmt::format("{}; bertune help {} lists them", what, command_.get_name()));
  }

  // Returns the equivalent texts of the command line; nothing where the value asks for nothing.
  std::vector<std::string> texts_of(const std::string& key, const ConfigValue& value,
                                    const CLI::Option& option) {
    const OptionKind kind = kind_of(option);
    if (value.kind == Kind::null) return {};
    switch (kind) {
      case OptionKind::flag:
        if (value.kind != Kind::boolean) fail_type(key, value, "true or false");
        return {option.get_flag_value(name_in(option, key), value.text)};
      case OptionKind::flag_with_value:
        if (value.items.empty() && (!value.is_scalar() || value.text == "false" || value.text.empty()))
          return {};
        return {value.is_scalar() ? value.text : value.to_json().dump()};
      case OptionKind::list:
        return list_texts(key, value);
      case OptionKind::whole_number:
      case OptionKind::positive_number:
      case OptionKind::number:
        if (value.kind != Kind::number || !fits(value.text, kind)) fail_type(key, value, wanted_of(kind));
        return {for_all_ranks(key, value.text, notes_)};
      case OptionKind::boolean:
        if (value.kind != Kind::boolean) fail_type(key, value, "true or false");
        return {value.text};
      case OptionKind::text:
        break;
    }
    if (value.kind == Kind::mapping && (key.ends_with("args"))) return {value.to_json().dump()};
    if (!value.is_scalar()) fail_type(key, value, "a single value");
    return {value.text};
  }

  std::vector<std::string> list_texts(const std::string& key, const ConfigValue& value) const {
    if (value.is_scalar()) return {value.text};
    std::vector<std::string> texts;
    for (const ConfigValue& item : value.items) {
      if (value.kind == Kind::mapping || !item.is_scalar() || item.kind == Kind::null)
        fail_type(key, value, "a list of single values");
      texts.push_back(item.text);
    }
    return texts;
  }

  CLI::App& command_;
  std::string path_;
  ConfigValue file_;
  struct Named {
    std::string key;
    std::vector<std::string> texts;
  };
  std::map<const CLI::Option*, Named> named_;
  std::vector<std::string> notes_;
};

}  // namespace

void add_run_config(CLI::App& command) {
  command.add_option_function<std::string>(
      "--config", [&command](const std::string& path) { File(command, path).apply(); },
      "File of options, YAML or JSON, such as a run's run.yaml; options of the command line override it");
}

std::vector<std::string> with_config_flag(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  if (argc < 3) return arguments;
  const std::string_view command = argv[1], first = argv[2];
  const bool takes_it = command == "train" || command == "pretrain" || command == "evaluate";
  const bool is_file = first.ends_with(".json") || first.ends_with(".yaml") || first.ends_with(".yml");
  if (takes_it && is_file && !first.starts_with('-')) arguments.insert(arguments.begin() + 2, "--config");
  return arguments;
}

}  // namespace bertune::cli
