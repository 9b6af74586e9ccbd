#include "cli/commands/pretrain_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bertune/error.h"
#include "cli/commands/watched_run.h"
#include "cli/config/run_config.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/messages.h"
#include "cli/screen/ranks.h"
#include "core/names.h"
#include "options/parsed_option.h"
#include "runs/output.h"
#include "runs/pretraining.h"

namespace bertune::cli {
namespace {

struct PretrainFlags {
  TrainOptions flags;
  runs::PretrainOptions values;  // what they ask for
  std::optional<std::string> objective;
  std::string document_per, format;
  bool line_by_line = false;             // run_mlm's
  std::filesystem::path tokenizer_name;  // its name of --vocabulary, which may also be the model's own
};

constexpr Names kInitializations(std::to_array<Named<Initialization>>(
    {{Initialization::normal, "normal"}, {Initialization::local_attention, "local-attention"}}));

Initialization initialization_from_string(std::string_view name) {
  if (const auto initialization = kInitializations.find(name)) return *initialization;
  throw UsageError("init", fmt::format("--init is \"{}\"; choose {}", name, kInitializations.choices("or")));
}

// A line that is a document of its own has no next sentence.
void settle_line_by_line(PretrainFlags& options) {
  if (options.document_per.empty()) options.document_per = "line";
  if (!options.objective) options.objective = "mlm";
  options.flags.to_repeat["document_per"] = options.document_per;
}

void pretrain(PretrainFlags& options) {
  const InterruptGuard guard;
  join_ranks();
  if (!is_first_rank()) options.flags.screen.silent = true;
  options.flags.settle();
  print_notes(options.flags.ignored);
  runs::PretrainOptions& values = options.values;
  values.run.model = options.flags.run.model;
  if (!options.tokenizer_name.empty() && options.tokenizer_name != values.run.model) {
    values.vocabulary = options.tokenizer_name;
    options.flags.to_repeat["vocabulary"] = values.vocabulary.string();
  }
  runs::require_beginning(values);
  use_threads(options.flags.threads);
  std::optional<FolderLock> lock;
  options.flags.run.stop = interrupt_token();
  if (is_first_rank()) lock.emplace(runs::prepare_output(options.flags.run));
  if (!values.from_nothing())
    options.flags.find_model(shown(options.flags.hub, options.flags.hides_progress()));
  if (options.line_by_line) settle_line_by_line(options);
  values.rows.objective = tasks::objective_from_string(options.objective.value_or("mlm+nsp"));
  if (!options.format.empty()) values.documents.format = data::format_from_string(options.format);
  if (!options.document_per.empty())
    values.documents.document_per = data::document_per_from_string(options.document_per);
  values.run = options.flags.values();
  const TryIt try_it = [](const auto&) { return "bertune fill-mask --model {} \"the [MASK] of the city\""; };
  watch_run(options.flags, try_it,
            [&](train::Observer& observer) { return runs::pretrain(values, observer); });
}

}  // namespace

void add_pretrain_command(CLI::App& app) {
  const auto options = std::make_shared<PretrainFlags>();
  options->flags.run.arguments.learning_rate = 1e-4;
  CLI::App* command =
      app.add_subcommand("pretrain", "Pre-train a BERT on plain text, from scratch or from a model");
  const std::string text = "Text";
  add_run_config(*command);
  command
      ->add_option("--train,--train_file", options->values.train,
                   "Files of text: .txt, or one document per row in .jsonl, .csv, ...")
      ->required();
  command->add_option("--validation,--validation_file", options->values.validation,
                      "Files of text to validate on after each epoch");
  command->add_option("--model,--model_name_or_path", options->flags.run.model,
                      "Folder of a BERT to continue from, or its name on the Hugging Face Hub");
  command->add_option("--config-name,--config_name", options->values.config,
                      "config.json with the sizes of a new model, in place of --model");
  command->add_option("--vocabulary", options->values.vocabulary,
                      "Folder with the vocabulary of a new model, made by bertune vocabulary");
  command->add_option("--tokenizer_name", options->tokenizer_name)->group("");
  options::add_parsed_option(
      *command, "--init", options->values.initialization, initialization_from_string,
      "Initialization of a new model: normal, or local-attention, where heads attend to neighboring tokens "
      "(for little text)")
      ->default_str("normal");
  command
      ->add_option("--output,--output_dir", options->flags.run.arguments.output_dir,
                   "Folder to write the model to")
      ->required();
  command->add_option("--objective", options->objective, "Objective: mlm+nsp or mlm (default: mlm+nsp)");
  command
      ->add_option("--max-length,--max_length,--max_seq_length", options->flags.run.files.max_length,
                   "Tokens per row (default: 128)")
      ->group(text);
  command
      ->add_option("--document-per", options->document_per,
                   "Where a document of plain text ends: blank-line, file or line (default: detected)")
      ->group(text);
  command->add_flag("--line_by_line", options->line_by_line)->group("");
  command->add_option("--format", options->format, "Input format: txt, jsonl, csv, ... (default: detected)")
      ->group(text);
  command
      ->add_option("--text-column,--text_column", options->values.documents.text_column,
                   "Column of the text, in tables")
      ->group(text)
      ->capture_default_str();
  command
      ->add_option(
          "--text-cache", options->values.text_cache,
          "Folder that keeps the tokenized text for other runs (default: memory; above 1 GiB of text "
          "OUTPUT/text-cache, removed at the end)")
      ->type_name("FOLDER")
      ->group(text);
  command
      ->add_option("--mlm-probability,--mlm_probability", options->values.rows.masking.mlm_probability,
                   "Share of the tokens to predict")
      ->group(text)
      ->capture_default_str();
  command
      ->add_flag("--whole-word-masking", options->values.rows.masking.whole_word_masking,
                 "Mask all pieces of a word together")
      ->group(text);
  command
      ->add_option("--max-predictions", options->values.rows.masking.max_predictions,
                   "Most predictions per row (0: no limit)")
      ->group(text);
  command
      ->add_option("--short-seq-prob", options->values.rows.short_seq_prob, "Share of the pairs to shorten")
      ->group(text)
      ->capture_default_str();
  options->flags.add_run_to(*command);
  show_first(*command, {"--max-length"});
  command->footer(
      "Examples:\n"
      "  bertune pretrain --model bert-base-uncased --train texts.txt --objective mlm \\\n"
      "    --output our-bert\n"
      "  bertune vocabulary --output vocab --vocab-size 8000 texts/*.txt\n"
      "  bertune pretrain --config-name config.json --vocabulary vocab \\\n"
      "    --train texts/*.txt --output small-bert");
  command->callback([options] { pretrain(*options); });
}

}  // namespace bertune::cli
