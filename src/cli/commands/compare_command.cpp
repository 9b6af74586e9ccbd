#include "cli/commands/compare_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "bertune/error.h"
#include "cli/config/run_config.h"
#include "cli/options/shared_options.h"
#include "insight/results/comparison.h"
#include "report/insight_report.h"
#include "report/terminal.h"

namespace bertune::cli {
namespace {

struct CompareOptions {
  std::vector<std::filesystem::path> runs;
  insight::ComparisonOptions comparison;
  std::int64_t rows = 5;
  ThreadOptions threads;
  bool json = false;
};

void run(const CompareOptions& options) {
  use_threads(options.threads);
  if (options.comparison.resampling.resamples < 100)
    throw UsageError("resamples", "`resamples` must be at least 100");
  std::vector<insight::ComparedRun> runs;
  for (const std::filesystem::path& folder : options.runs) runs.push_back(insight::read_compared(folder));
  const insight::Comparisons result = insight::compare(runs, options.comparison);
  if (options.json) {
    fmt::print("{}", dump_json(to_json(result)));
    return;
  }
  const report::Terminal terminal = report::terminal_of(STDOUT_FILENO);
  fmt::print("{}", report::comparison_report(result, options.rows, report::Style(terminal.colors)));
}

}  // namespace

void add_compare_command(CLI::App& app) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand(
      "compare", "Compare runs that were tested on the same rows, with intervals and tests");
  add_run_config(*command);
  command
      ->add_option("runs", options->runs,
                   "Folders that bertune train or evaluate --output wrote: two or more")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option(
      "--metric", options->comparison.metric,
      "Metric to compare (default: accuracy; several labels: f1_micro; numbers: mae; entities and "
      "answers: f1)");
  command->add_option("--set", options->comparison.set, "Rows to compare on: test or validation")
      ->capture_default_str();
  command->add_flag("--common-rows", options->comparison.common_rows,
                    "Compare runs of different rows on those that they share");
  command->add_option("--resamples", options->comparison.resampling.resamples, "Resamples of the bootstrap")
      ->capture_default_str();
  command->add_option("--seed", options->comparison.resampling.seed, "Seed of the resamples")
      ->capture_default_str();
  command->add_option("--rows", options->rows, "Rows to list that only one run gets right")
      ->capture_default_str();
  command->add_flag("--json", options->json,
                    "Print the comparison as JSON, with all rows that only one gets right");
  add_threads_option(*command, options->threads);
  command->footer("Example:\n  bertune compare old-model new-model\nSee docs/compare.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
