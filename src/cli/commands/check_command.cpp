#include "cli/commands/check_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/flag_words.h"
#include "core/counted.h"
#include "core/names.h"
#include "insight/data/check.h"
#include "report/data_report.h"
#include "report/finding_json.h"

namespace bertune::cli {
namespace {

struct CheckFlags {
  runs::TrainOptions run;
  HubFlags hub;
  ThreadOptions threads;
  ScreenOptions screen;
  std::string fail_on = "never";
  bool json = false;
};

enum class FailOn { never, error, warning };
constexpr Names kFailOn(std::to_array<Named<FailOn>>(
    {{FailOn::never, "never"}, {FailOn::error, "error"}, {FailOn::warning, "warning"}}));

std::string totals(const std::vector<Finding>& findings) {
  std::string text;
  for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
    const auto number = std::ranges::count(findings, severity, &Finding::severity);
    if (number > 0) text += (text.empty() ? "" : ", ") + counted(number, to_string(severity));
  }
  return text.empty() ? "nothing found" : text;
}

void run(CheckFlags& options) {
  const auto fail_on = kFailOn.find(options.fail_on);
  if (!fail_on)
    throw UsageError(
        fmt::format("--fail-on is \"{}\"; it must be {}", options.fail_on, kFailOn.choices("or")));
  use_threads(options.threads);
  runs::TrainOptions& run = options.run;
  if (!run.model.empty()) {
    run.model =
        options.hub.find(run.model, options.json || options.screen.hides_progress(), /*weights=*/false);
    run.base = options.hub.find_base(run.model, options.json || options.screen.hides_progress());
  }
  const insight::Checked checked = insight::check_data(run);
  const std::vector<Finding>& findings = checked.facts.check.findings;
  if (options.json) {
    Json json = report::facts_json(checked.facts);
    json["task"] = checked.task->name;
    fmt::print("{}", dump_json(json));
  } else {
    const report::Style style(report::terminal_of(STDOUT_FILENO).colors);
    fmt::print("{}\n{}\n",
               report::data_facts(checked.facts,
                                  {.style = style, .max_lines = 100, .render = with_flags, .ranked = true}),
               totals(findings));
  }
  const Severity least = *fail_on == FailOn::error ? Severity::error : Severity::warning;
  const bool fails =
      std::ranges::any_of(findings, [&](const Finding& found) { return found.severity >= least; });
  if (*fail_on != FailOn::never && fails)
    throw Error(
        fmt::format("{}: {} (--fail-on {})", run.files.train.string(), totals(findings), options.fail_on));
}

}  // namespace

void add_check_command(CLI::App& app) {
  const auto options = std::make_shared<CheckFlags>();
  CLI::App* command =
      app.add_subcommand("check", "Look for what is wrong with your data before you train on it");
  tasks::TrainingFiles& files = options->run.files;
  command->add_option("data,--train,--train_file", files.train, "File of rows to train on")->required();
  command->add_option("--validation,--validation_file", files.validation, "File to choose the best epoch on");
  command->add_option("--test,--test_file", files.test, "File to test on");
  command->add_option(
      "--model", options->run.model,
      "Model to train: lengths and vocabulary are checked too (folder, or a name on the Hugging Face Hub)");
  command
      ->add_option("--fail-on", options->fail_on,
                   "Exit with code 1 if there is a finding this severe: error, warning or never")
      ->capture_default_str();
  add_data_options(*command, files.data);
  add_labels_file_option(*command, files.data, "--train");
  add_correction_options(*command, files);
  add_task_options(*command, options->run.task, files.problem_type, tasks::task_names());
  command
      ->add_option("--max-length,--max_length,--max_seq_length", files.max_length,
                   "Tokens per text, with --model (default: 128; question answering: 384)")
      ->group("Data");
  options->hub.add_to(*command);
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print what was found as JSON and nothing else");
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune check train.csv --test test.csv\n"
      "  bertune check train.csv --model bert-base-uncased\n"
      "  bertune check train.csv --fail-on warning --json > findings.json");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
