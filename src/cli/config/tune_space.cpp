#include "cli/config/tune_space.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "bertune/error.h"
#include "cli/config/config_file.h"
#include "options/option_kinds.h"
#include "options/run_text.h"
#include "options/searched_options.h"

namespace bertune::cli {
namespace {

using ValueKind = ConfigValue::Kind;

class SpaceFile {
 public:
  SpaceFile(const std::filesystem::path& path, CLI::App& command) : path_(path.string()), command_(command) {}

  runs::TuneSpace read() const {
    const ConfigValue file = read_config_file(path_);
    const Json given = options::settings_of(command_);
    runs::TuneSpace space;
    for (std::size_t i = 0; i < file.items.size(); ++i) {
      const CLI::Option& option = named(file.keys[i], file.items[i]);
      space.dimensions.push_back(dimension(option, file.keys[i], file.items[i]));
      const Json usual = given.value(option.get_lnames().front(), Json());
      if (!usual.is_null())
        space.defaults[space.dimensions.back().option] =
            usual.is_string() ? usual.get<std::string>() : usual.dump();
    }
    if (space.dimensions.empty())
      throw UsageError("space", fmt::format("{}: names no option to search", path_));
    return space;
  }

 private:
  [[noreturn]] void fail(const ConfigValue& value, const std::string& what) const {
    throw UsageError(fmt::format("{}:{}: {}", path_, value.line, what));
  }

  const CLI::Option& named(const std::string& key, const ConfigValue& value) const {
    const CLI::Option* option = options::option_named(command_, key);
    if (option == nullptr) fail(value, options::no_such_option(command_, key, {"\"", "\""}));
    if (!options::is_searched(*option)) {
      fail(value,
           fmt::format("\"{}\" cannot be searched: trials have their files, rows and output in common, and "
                       "differ in how they train",
                       key));
    }
    return *option;
  }

  std::string text_of(const CLI::Option& option, const std::string& key, const ConfigValue& value) const {
    const options::OptionKind kind = options::kind_of(option);
    const options::OptionKind wanted =
        kind == options::OptionKind::flag ? options::OptionKind::boolean : kind;
    if (!value.is_scalar() || value.kind == ValueKind::null || !options::fits(value.text, wanted))
      fail(value, fmt::format("\"{}\" must be {}", key, options::wanted_of(wanted)));
    return value.text;
  }

  TuneDimension dimension(const CLI::Option& option, const std::string& key, const ConfigValue& value) const {
    TuneDimension result{.option = options::setting_name(option)};
    if (value.kind == ValueKind::mapping) {
      read_range(option, key, value, result);
    } else if (value.kind == ValueKind::list) {
      for (const ConfigValue& one : value.items) result.values.push_back(text_of(option, key, one));
      if (result.values.empty()) fail(value, fmt::format("\"{}\" has no values", key));
    } else {
      result.values.push_back(text_of(option, key, value));
    }
    return result;
  }

  void read_range(const CLI::Option& option, const std::string& key, const ConfigValue& value,
                  TuneDimension& range) const {
    using options::OptionKind;
    const OptionKind kind = options::kind_of(option);
    range.whole = kind == OptionKind::whole_number || kind == OptionKind::positive_number;
    if (!range.whole && kind != OptionKind::number)
      fail(value, fmt::format("\"{}\" takes {}, and so a list of values", key, options::wanted_of(kind)));
    bool has_minimum = false, has_maximum = false;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const std::string& name = value.keys[i];
      const ConfigValue& item = value.items[i];
      if (name == "min") {
        range.minimum = std::stod(text_of(option, key, item)), has_minimum = true;
      } else if (name == "max") {
        range.maximum = std::stod(text_of(option, key, item)), has_maximum = true;
      } else if (name == "log" && item.kind == ValueKind::boolean) {
        range.log = item.text == "true";
      } else {
        fail(item, fmt::format("\"{}\": a range has \"min\", \"max\" and \"log\" (true or false)", key));
      }
    }
    if (!has_minimum || !has_maximum)
      fail(value, fmt::format("\"{}\": a range has \"min\" and \"max\"", key));
  }

  std::string path_;
  CLI::App& command_;
};

}  // namespace

runs::TuneSpace read_space(const std::filesystem::path& path, CLI::App& command) {
  return SpaceFile(path, command).read();
}

}  // namespace bertune::cli
