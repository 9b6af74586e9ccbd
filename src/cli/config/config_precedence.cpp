#include "cli/config/config_precedence.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "bertune/error.h"
#include "bertune/optim.h"
#include "cli/options/option_kinds.h"
#include "train/arguments.h"

namespace bertune::cli {
namespace {

// Options that say one thing in several ways. One on the command line stands for all of them.
const std::vector<std::vector<std::string>> kOneSetting = {
    {"epochs", "max-steps"},
    {"warmup-ratio", "warmup-steps"},
    {"precision", "bf16"},
    {"eval-steps", "eval-strategy"},
    {"problem-type", "do-regression"},
    {"validation", "validation-split"},
    {"folds", "fold-column"},
    {"format", "input-format"},
    {"vocabulary", "tokenizer-name"},
    {"resume", "resume-from-checkpoint", "overwrite"},
};

// Options of what another option names. Weight decay is of any optimizer.
const std::vector<std::pair<std::string, std::string>> kOwners = {
    {"optim-args", "optimizer"},        {"adam-beta1", "optimizer"}, {"adam-beta2", "optimizer"},
    {"adam-epsilon", "optimizer"},      {"momentum", "optimizer"},   {"nesterov", "optimizer"},
    {"lr-scheduler-kwargs", "schedule"}};

// adamw_torch is adamw; an unknown name is refused later.
std::string own_name(const std::string& owner, const std::string& name) {
  try {
    return owner == "schedule" ? optim::schedule_from_string(name).name
                               : optim::algorithm_from_string(name).name;
  } catch (const Error&) {
    return name;
  }
}

bool is_given(const ConfigValue& value) { return value.is_scalar() && value.kind != ConfigValue::Kind::null; }

}  // namespace

ConfigPrecedence::ConfigPrecedence(CLI::App& command, const ConfigValue& file)
    : command_(command), file_(file) {
  for (const CLI::Option* option : command.get_options())
    if (option->count() > 0) on_command_line_.insert(option);
}

bool ConfigPrecedence::on_command_line(std::string_view name) const {
  const CLI::Option* option = option_named(command_, name);
  return option != nullptr && on_command_line_.contains(option);
}

void ConfigPrecedence::give(CLI::Option& option, const std::vector<std::string>& texts) {
  if (const CLI::Option* owner = other_owner(option)) {
    std::string& names = left_behind_[owner];
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", option.get_lnames().front());
  } else if (has_name(option, "optim-args")) {
    merge_optimizer_options(option, texts.back());
  } else if (!is_overruled(option)) {
    option.add_result(texts);
  }
}

bool ConfigPrecedence::is_overruled(const CLI::Option& option) const {
  if (on_command_line_.contains(&option)) return true;
  for (const std::vector<std::string>& names : kOneSetting) {
    const auto is = [&](const CLI::Option* other) {
      return std::ranges::any_of(names, [&](const std::string& name) { return has_name(*other, name); });
    };
    if (is(&option) && std::ranges::any_of(on_command_line_, is)) return true;
  }
  if (!on_command_line("optim-args")) return false;
  const optim::OptionValues given =
      optim::parse_options(option_named(command_, "optim-args")->results().back(), "optim_args");
  return std::ranges::any_of(train::short_options(), [&](const train::ShortOption& known) {
    return has_name(option, known.option) &&
           std::ranges::any_of(known.names, [&](const std::string& name) { return given.contains(name); });
  });
}

const CLI::Option* ConfigPrecedence::other_owner(const CLI::Option& option) const {
  for (const auto& [owned, owner] : kOwners) {
    if (!has_name(option, owned) || !on_command_line(owner)) continue;
    const CLI::Option* named = option_named(command_, owner);
    const ConfigValue* theirs = in_file(*named);
    if (theirs != nullptr && own_name(owner, theirs->text) != own_name(owner, named->results().back()))
      return named;
  }
  return nullptr;
}

const ConfigValue* ConfigPrecedence::in_file(const CLI::Option& option) const {
  for (std::size_t i = 0; i < file_.items.size(); ++i)
    if (has_name(option, file_.keys[i]) && is_given(file_.items[i])) return &file_.items[i];
  return nullptr;
}

void ConfigPrecedence::merge_optimizer_options(CLI::Option& option, const std::string& text) const {
  optim::OptionValues merged = optim::parse_options(text, "optim_args");
  for (const train::ShortOption& known : train::short_options()) {
    if (!on_command_line(known.option)) continue;
    const auto named =
        std::ranges::find_if(known.names, [&](const std::string& name) { return merged.contains(name); });
    if (named != known.names.end()) merged.erase(*named);
  }
  if (on_command_line_.contains(&option)) {
    optim::OptionValues given = optim::parse_options(option.results().back(), "optim_args");
    given.merge(merged);
    merged = std::move(given);
    option.clear();
  }
  option.add_result(optim::options_text(merged));
}

std::vector<std::string> ConfigPrecedence::notes() const {
  std::vector<std::string> notes;
  for (const auto& [owner, names] : left_behind_) {
    const std::string name = owner->get_lnames().front();
    notes.push_back(fmt::format("{} left out, of {} {}, for --{} is {}", names, name, in_file(*owner)->text,
                                name, owner->results().back()));
  }
  return notes;
}

}  // namespace bertune::cli
