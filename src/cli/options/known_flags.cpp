#include "cli/options/known_flags.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "cli/options/option_kinds.h"
#include "cli/screen/flag_words.h"

namespace bertune::cli {

void know_flags_of(const CLI::App& program, const CLI::App* current) {
  std::set<std::string, std::less<>> commands, options;
  std::map<std::string, std::string, std::less<>> elsewhere;
  for (const CLI::App* command : program.get_subcommands({})) {
    const std::string name = joined(command->get_name(), '_');
    commands.insert(name);
    for (std::string& option : option_names(*command, '_')) {
      if (current == nullptr || current == command) {
        options.insert(std::move(option));
      } else {
        elsewhere.emplace(std::move(option), name);
      }
    }
  }
  know_flags(FlagWords(std::move(commands), std::move(options), std::move(elsewhere)));
}

}  // namespace bertune::cli
