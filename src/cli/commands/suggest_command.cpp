#include "cli/commands/suggest_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "bertune/error.h"
#include "cli/commands/shown_in_run.h"
#include "cli/commands/sink.h"
#include "cli/config/run_config.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "core/counted.h"
#include "insight/data/suggestions.h"
#include "insight/results/shown_files.h"
#include "report/progress.h"
#include "report/table.h"

namespace bertune::cli {
namespace {

struct SuggestFlags {
  SuggestOptions suggest;
  tasks::FileOptions data;
  AskedModel model;
  std::filesystem::path output;
  std::string output_format;
  ShownInRun shown;
  ThreadOptions threads;
  ScreenOptions screen;
};

// As the file is named, where no format is asked for.
insight::SuggestionFormat format_of(const SuggestFlags& options) {
  if (!options.output_format.empty()) return insight::suggestion_format_from_string(options.output_format);
  const std::string extension = options.output.extension().string();
  if (extension == ".jsonl") return insight::SuggestionFormat::jsonl;
  if (extension == ".json") return insight::SuggestionFormat::label_studio;
  return insight::SuggestionFormat::csv;
}

void print_summary(const SuggestFlags& options, const Suggestions& found) {
  std::string line = fmt::format("note: {} of {} rows: ", report::grouped(std::ssize(found.rows)),
                                 report::grouped(found.rows_read));
  line += found.by_margin ? "those that the model is least sure of, from different clusters"
                          : "one of each cluster, for the model was not trained on labels";
  if (const std::int64_t copies = found.copies + found.near_copies; copies > 0)
    line += fmt::format("; {} that repeat others, or nearly so, are left out", counted(copies, "row"));
  if (!options.screen.silent) std::cerr << line << '\n';
}

void run(SuggestFlags& options) {
  const insight::SuggestionFormat format = format_of(options);
  const InterruptGuard guard;
  options.shown.require_run();
  use_threads(options.threads);
  SuggestOptions& asked = options.suggest;
  asked.model = options.model.folder, asked.base = options.model.base;
  asked.data = options.data;
  asked.stop = interrupt_token();
  asked.progress = report::progress_of_long_work(
      std::cerr, "predicting",
      {.terminal = report::terminal_of(STDERR_FILENO), .quiet = options.screen.hides_progress()});
  const Suggestions found = suggest(asked);
  Sink sink(options.output);
  sink.write(insight::text_of(found, format));
  sink.finish();
  print_summary(options, found);
  const std::string shown =
      options.shown.show(insight::kSuggestionsFile, insight::to_json(found, asked.unlabelled.string()));
  if (!options.screen.silent) std::cerr << shown;
}

}  // namespace

void add_suggest_command(CLI::App& app) {
  const auto options = std::make_shared<SuggestFlags>();
  CLI::App* command =
      app.add_subcommand("suggest", "Choose the unlabeled texts from which a model would learn most");
  add_run_config(*command);
  command->add_option("file", options->suggest.unlabelled, "File of texts without labels")->required();
  options->model.add_to(*command,
                        "Folder of the model trained so far, or, for a start, any model by its name on the "
                        "Hugging Face Hub");
  command->add_option("-n,--count", options->suggest.count, "Texts to choose")->capture_default_str();
  command->add_option("--output", options->output, "File to write (default: standard output)")
      ->type_name("FILE");
  command->add_option("--output-format", options->output_format,
                      "csv, jsonl, doccano or label-studio (default: as the file is named, or csv)");
  options->shown.add_to(*command, "the first of them");
  add_text_options(*command, options->data);
  command->add_option("--max-length,--max_seq_length", options->suggest.max_length,
                      "Tokens per text; longer texts are truncated (default: as in training, or 128)");
  command->add_option("--seed", options->suggest.seed, "Seed of the clusters")->capture_default_str();
  add_threads_option(*command, options->threads);
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune suggest new.csv -n 100 --model sentence-transformers/all-MiniLM-L6-v2 --output label.csv\n"
      "  bertune suggest new.csv -n 200 --model my-model --output tasks.json\n"
      "  bertune suggest new.csv -n 200 --model my-model --output-format doccano --output label.jsonl\n"
      "See docs/more_labels.md.");
  command->callback([options] {
    options->model.find(options->screen.hides_progress());
    run(*options);
  });
}

}  // namespace bertune::cli
