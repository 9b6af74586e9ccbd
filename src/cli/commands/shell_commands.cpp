#include "cli/commands/shell_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "cli/options/option_table.h"

namespace bertune::cli {

void add_shell_commands(CLI::App& app) {
  const auto shell = std::make_shared<std::string>(), of = std::make_shared<std::string>();
  CLI::App* completion =
      app.add_subcommand("completion", "Print the completion of a shell: bash, zsh or fish");
  completion->add_option("shell", *shell, "bash, zsh or fish")->required();
  completion->footer(
      "Example:\n  bertune completion bash > ~/.local/share/bash-completion/completions/bertune");
  completion->callback([&app, shell] { fmt::print("{}", completion_script(option_table(app), *shell)); });

  CLI::App* man = app.add_subcommand("man", "Print the manual page of Bertune, or of a command, for man");
  man->add_option("command", *of, "Command (default: the page of Bertune itself)");
  man->footer("Example:\n  bertune man train | man -l -");
  man->callback([&app, of] {
    const std::vector<CommandRow> table = option_table(app);
    const auto found = std::ranges::find(table, *of, &CommandRow::name);
    if (found == table.end()) throw UsageError(fmt::format("bertune has no command \"{}\"", *of));
    fmt::print("{}", manual_page(table, *found));
  });
}

}  // namespace bertune::cli
