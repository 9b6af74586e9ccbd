#include "cli/program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "bertune/threads.h"
#include "cli/commands/baseline_command.h"
#include "cli/commands/calibrate_command.h"
#include "cli/commands/check_command.h"
#include "cli/commands/compare_command.h"
#include "cli/commands/convert_command.h"
#include "cli/commands/curve_command.h"
#include "cli/commands/embed_command.h"
#include "cli/commands/evaluate_command.h"
#include "cli/commands/explain_command.h"
#include "cli/commands/export_command.h"
#include "cli/commands/fill_mask_command.h"
#include "cli/commands/inspect_command.h"
#include "cli/commands/merge_command.h"
#include "cli/commands/next_sentence_command.h"
#include "cli/commands/noise_command.h"
#include "cli/commands/predict_command.h"
#include "cli/commands/pretrain_command.h"
#include "cli/commands/report_command.h"
#include "cli/commands/serve_command.h"
#include "cli/commands/shell_commands.h"
#include "cli/commands/studio_command.h"
#include "cli/commands/suggest_command.h"
#include "cli/commands/tokenize_command.h"
#include "cli/commands/train_command.h"
#include "cli/commands/tune_command.h"
#include "cli/commands/vocabulary_command.h"
#include "cli/config/run_config.h"
#include "cli/options/arguments.h"
#include "cli/options/data_memory.h"
#include "cli/options/help.h"
#include "cli/options/known_flags.h"
#include "cli/screen/flag_words.h"
#include "cli/screen/lost_file.h"
#include "cli/screen/messages.h"
#include "cli/screen/ranks.h"
#include "core/counted.h"
#include "core/quoted.h"
#include "data/files/text_file.h"
#include "distributed/ranks.h"
#include "kernels/ops.h"
#include "report/terminal.h"

namespace bertune::cli {
namespace {

std::string version() {
  std::string tables;
  for (const kernels::OpTable* table : kernels::supported_tables()) tables += fmt::format(" {}", table->name);
  return fmt::format("bertune {}\nkernels {} (this machine runs{})\n{}\n", BERTUNE_VERSION,
                     kernels::ops().name, tables, counted(available_threads(), "thread"));
}

// One of several ranks tells the error.
int report_error(std::string_view message, int code) {
  const RankEnd end = end_ranks(message, code);
  const report::Style style(report::terminal_of(STDERR_FILENO).colors);
  if (end.tells)
    fmt::print(stderr, "{} {}\n", style.red("error:"), without_control_characters(with_flags(message)));
  return end.code;
}

int report_end(const std::string& message, int code) {
  const RankEnd end = end_ranks(message, code);
  if (end.tells) fmt::print(stderr, "{}\n", message);
  return end.code;
}

// The exit code when all was said.
int written() {
  if (std::fflush(stdout) == 0 && std::cout.flush()) return 0;
  return report_error("standard output cannot be written to (is the disk full?)", 1);
}

// The command line's own command is named where there is one.
std::string where_help_is(const CLI::App& app, int argc, char** argv) {
  const CLI::App* command = argc < 2 ? nullptr : command_named(app, argv[1]);
  return command == nullptr ? "Run bertune help for all commands."
                            : fmt::format("Run bertune help {} for all options.", command->get_name());
}

// False for what is only read: help and version.
bool runs_command(const SettledArguments& settled) {
  return settled.command != nullptr && settled.command->get_name() != "help" &&
         std::ranges::none_of(settled.texts,
                              [](const std::string& text) { return text == "--help" || text == "-h"; });
}

// Help and version are for any process.
void require_command_for_ranks(const SettledArguments& settled) {
  constexpr std::array<std::string_view, 3> kDivideTheirWork = {"train", "pretrain", "evaluate"};
  if (!runs_command(settled)) return;
  const std::string name = settled.command->get_name();
  const bool has_shard = std::ranges::any_of(settled.texts, [](const std::string& text) {
    return text == "--shard" || text.starts_with("--shard=");
  });
  if (name == "predict" && has_shard) return work_apart();
  if (std::ranges::find(kDivideTheirWork, name) == kDivideTheirWork.end()) require_one_process(name);
}

constexpr const char* kNoMemory = "not enough memory; try a smaller --batch-size or --max-length";

// Memory may run out in a destructor, which no exception can leave: those of JSON values take some.
[[noreturn]] void end_without_memory() {
  try {
    if (const std::exception_ptr failure = std::current_exception()) std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "error: %s\n", kNoMemory);
    std::_Exit(1);
  } catch (...) {
  }
  std::abort();
}

int parse_and_run(CLI::App& app, int argc, char** argv) {
  SettledArguments settled;
  // The command line itself is wrong here, and not what a command made of it.
  const auto report_usage = [&](const std::exception& error) {
    return report_error(fmt::format("{}\n{}", error.what(), where_help_is(app, argc, argv)), 2);
  };
  try {
    if (argc < 2) {
      fmt::print("{}", overview());
      return std::max(written(), 2);
    }
    settled = settled_arguments(app, with_config_flag(argc, argv));
    know_flags_of(app, settled.command);
    require_command_for_ranks(settled);
    if (settled.is_silent || !is_first_rank()) silence();
    print_notes(settled.notes);
    if (runs_command(settled)) settle_data_memory(ranks_of_machine());
    std::vector<const char*> arguments;
    for (const std::string& text : settled.texts) arguments.push_back(text.c_str());
    app.parse(static_cast<int>(arguments.size()), arguments.data());
    await_ranks();
    return written();
  } catch (const CLI::Success& call) {  // --help, --help-all or --version
    app.exit(call);
    return written();
  } catch (const CLI::ParseError& error) {
    return report_usage(error);
  } catch (const UsageError& error) {
    return settled.texts.empty() ? report_usage(error) : report_error(error.what(), 2);
  } catch (const distributed::JobEnded& ended) {
    follow_the_first_rank();
    return ended.code;
  } catch (const AlreadyDone& done) {
    return report_end(with_flags(done.what()), 0);
  } catch (const Interrupted& error) {
    return report_end(report::capital(without_control_characters(with_flags(error.what()))), 130);
  } catch (const Error& error) {
    return report_error(error.what(), 1);
  } catch (const std::bad_alloc&) {
    return report_error(kNoMemory, 1);
  } catch (const std::exception& error) {
    return report_error(error.what(), 1);
  }
}

int run(int argc, char** argv) {
  CLI::App app(
      "Fine-tune a pre-trained BERT on your own data, test it, and use it.\n"
      "Models are folders as Hugging Face Transformers reads and writes them.",
      "bertune");
  app.option_defaults()
      ->take_last();  // a flag given twice counts as the last says, as in the Transformers scripts
  use_help_layout(app);
  app.require_subcommand(1);
  app.set_version_flag("--version", version);
  app.set_help_all_flag("--help-all", "Help of every command");
  add_train_command(app);
  add_evaluate_command(app);
  add_predict_command(app);
  add_tune_command(app);
  add_merge_command(app);
  add_report_command(app);
  add_explain_command(app);
  add_compare_command(app);
  add_calibrate_command(app);
  add_embed_command(app);
  add_serve_command(app);
  add_studio_command(app);
  add_pretrain_command(app);
  add_fill_mask_command(app);
  add_next_sentence_command(app);
  add_check_command(app);
  add_baseline_command(app);
  add_noise_command(app);
  add_curve_command(app);
  add_suggest_command(app);
  add_tokenize_command(app);
  add_vocabulary_command(app);
  add_inspect_command(app);
  add_convert_command(app);
  add_export_command(app);
  add_shell_commands(app);
  app.footer(
      "bertune help COMMAND shows the options of a command.\n"
      "Examples:\n"
      "  bertune train --model bert-base-uncased --train train.csv --output my-model\n"
      "  bertune evaluate --model my-model --test test.csv\n"
      "  echo \"where is my parcel?\" | bertune predict --model my-model\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.");
  return parse_and_run(app, argc, argv);
}

}  // namespace

int run_program(int argc, char** argv) {
  std::set_terminate(end_without_memory);
  try {
    std::ios::sync_with_stdio(false);  // lets a reader of standard input see how much has arrived
    std::signal(SIGPIPE, SIG_IGN);     // whoever writes decides what a closed pipe means
    std::signal(SIGXFSZ, SIG_IGN);     // a file size limit shows as a failed write too
    end_where_a_mapped_file_shrinks();
    const data::KeptPipes pipes;
    const int code = run(argc, argv);
    leave_ranks(code);
    return code;
  } catch (const std::bad_alloc&) {  // so early that no option was read
    return report_error(kNoMemory, 1);
  }
}

}  // namespace bertune::cli
