#include "options/run_text.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "options/option_kinds.h"

namespace bertune::options {
namespace {

// These options concern one start of the program, not what it trains.
constexpr std::array<std::string_view, 18> kOfThisStart = {
    "help",    "config", "resume",  "finish",      "overwrite",      "json",
    "quiet",   "silent", "threads", "config_name", "tokenizer_name", "input-format",
    "profile", "budget", "trials",  "space",       "events",         "pin-threads"};

bool is_secret(std::string_view name) {
  return std::ranges::any_of(std::array{"token", "password", "secret"},
                             [&](std::string_view end) { return name.ends_with(end); });
}

// Flags that are not in the help are other spellings: what they did is in the option that they are a spelling
// of.
bool is_written(const CLI::Option& option) {
  if (!is_for_files(option)) return false;
  if (std::ranges::find(kOfThisStart, option.get_lnames().front()) != kOfThisStart.end()) return false;
  if (std::ranges::any_of(option.get_lnames(), is_secret)) return false;
  const OptionKind kind = kind_of(option);
  return kind != OptionKind::flag_with_value && !(kind == OptionKind::flag && option.get_group().empty());
}

// A text as the option understands it: of a number "0x10" or "1e-05".
Json typed(const std::string& text, OptionKind kind) {
  const auto parsed = [&]<typename Value>(Value value) -> Json {
    return CLI::detail::lexical_cast(text, value) ? Json(value) : Json();
  };
  switch (kind) {
    case OptionKind::whole_number:
      return parsed(std::int64_t{});
    case OptionKind::positive_number:
      return parsed(std::uint64_t{});
    case OptionKind::number:
      return parsed(double{});
    case OptionKind::boolean:
    case OptionKind::flag:
      return parsed(bool{});
    default:
      return text;
  }
}

// Returns the option's given value, or its value by default.
Json value_of(const CLI::Option& option) {
  const OptionKind kind = kind_of(option);
  if (option.count() > 0) {
    const std::vector<std::string> given = option.reduced_results();
    return kind == OptionKind::list ? Json(given) : typed(given.back(), kind);
  }
  // A flag that can only be switched on is off; of others only the command knows what they are without.
  if (kind == OptionKind::flag && option.get_fnames().empty()) return false;
  const std::string usual = option.get_default_str();
  return usual.empty() ? Json() : typed(usual, kind);
}

// A name of the option under which `resolved` holds a value.
const Json* resolved_value(const CLI::Option& option, const Json& resolved) {
  for (const std::string& name : option.get_lnames()) {
    if (const auto found = resolved.find(joined(name, '_')); found != resolved.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

std::string run_text(const CLI::App& command, const Json& resolved) {
  // A search leaves trainings.
  const std::string own = command.get_name(), name = own == "tune" ? "train" : own;
  std::string text = fmt::format(
      "# All settings of a run of bertune {0} {1}. Repeat it with:\n"
      "#   bertune {0} --config FILE --output ANOTHER-FOLDER\n"
      "# null: as the checkpoint or the data says. Paths are relative to the working folder.\n",
      name, BERTUNE_VERSION);
  for (const CLI::Option* option : command.get_options()) {
    if (!is_written(*option)) continue;
    const Json* known = resolved_value(*option, resolved);
    const Json value = known == nullptr     ? value_of(*option)
                       : known->is_string() ? typed(*known, kind_of(*option))
                                            : *known;
    // JSON's texts, numbers and lists are YAML's as well.
    text += fmt::format("{}: {}\n", option->get_lnames().front(),
                        value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return text;
}

Json settings_of(const CLI::App& command) {
  Json settings = Json::object();
  for (const CLI::Option* option : command.get_options()) {
    if (is_written(*option) && option->get_group() != "Hugging Face Hub")
      settings[option->get_lnames().front()] = value_of(*option);
  }
  return settings;
}

}  // namespace bertune::options
