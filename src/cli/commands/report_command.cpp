#include "cli/commands/report_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "bertune/error.h"
#include "cli/config/run_config.h"
#include "cli/options/shared_options.h"
#include "cli/screen/messages.h"
#include "core/writing.h"
#include "report/html/beside.h"
#include "report/html/page.h"

namespace bertune::cli {
namespace {

struct ReportOptions {
  std::filesystem::path run, output;
  ThreadOptions threads;
  bool json = false;
};

void run(const ReportOptions& options) {
  use_threads(options.threads);
  if (options.json) {
    fmt::print("{}", dump_json(report::html::facts_with_words(options.run)));
    return;
  }
  const std::filesystem::path html =
      options.output.empty() ? options.run / report::html::kReportFile : options.output;
  if (html.has_parent_path()) writing::make_folders(html.parent_path());
  report::html::write_report(options.run, html);
  fmt::print("Wrote {}\n", html.string());
}

}  // namespace

OrderedJson write_report_beside(const std::filesystem::path& folder,
                                const report::html::FindWords& find_words) try {
  return report::html::write_beside(folder, find_words);
} catch (const Error& error) {
  print_notes({fmt::format("report.html could not be written: {}", error.what())});
  return {};
}

void add_report_command(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "Write the page of a training or an evaluation");
  add_run_config(*command);
  command->add_option("run", options->run, "Folder that bertune train or evaluate --output wrote")
      ->required();
  command
      ->add_option("--output", options->output,
                   "Page to write, and its numbers beside it as .json (default: report.html in the folder)")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print what the page says as JSON, and write nothing");
  add_threads_option(*command, options->threads);
  command->footer("Example:\n  bertune report my-model\nSee docs/report.md.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
