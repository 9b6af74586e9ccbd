#include "cli/commands/pretrain_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "cli/commands/training_run.h"
#include "cli/config/run_config.h"
#include "cli/interrupt.h"
#include "core/file.h"
#include "report/table.h"
#include "tasks/language_modelling/language_modelling.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

struct Options {
  TrainOptions run;
  std::vector<std::filesystem::path> train, validation;
  std::filesystem::path config, vocabulary;
  std::string objective = "mlm+nsp", document_per, format, text_column = "text";
  std::string initialization = "normal";
  tasks::PretrainingOptions rows;
};

data::DocumentOptions document_options(const Options& options) {
  data::DocumentOptions documents;
  if (!options.format.empty()) documents.format = data::format_from_string(options.format);
  if (!options.document_per.empty())
    documents.document_per = data::document_per_from_string(options.document_per);
  documents.text_column = options.text_column;
  return documents;
}

std::unique_ptr<tasks::LanguageModellingExamples> read_examples(
    const Options& options, const std::vector<std::filesystem::path>& paths, const BertTokenizer& tokenizer) {
  data::TokenizedDocuments documents =
      data::tokenize_documents(paths, tokenizer, document_options(options),
                               tasks::PretrainingExamples::max_sentence_tokens(options.rows));
  if (!options.run.json && !options.run.quiet) {
    const auto count = [](std::int64_t n) { return report::grouped(static_cast<long long>(n)); };
    fmt::print(stderr, "{}{}: {} documents, {} sentences, {} tokens\n", paths.front().string(),
               paths.size() > 1 ? fmt::format(" and {} more", paths.size() - 1) : "", count(documents.size()),
               count(documents.sentences()), count(documents.tokens()));
    print_notes(documents.notes);
  }
  try {
    return std::make_unique<tasks::LanguageModellingExamples>(std::move(documents), tokenizer, options.rows);
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {  // it knows documents, not files
    throw Error(fmt::format("{}: {}", paths.front().string(), error.what()));
  }
}

// Of a model that is made from nothing: the sizes of --config-name, and one embedding a token of the
// vocabulary.
BertConfig new_config(const Options& options, const BertTokenizer& tokenizer) {
  BertConfig config = BertConfig::from_json(read_file(options.config, 1 << 20), options.config.string());
  config.vocab_size = tokenizer.vocab_size();
  config.pad_token_id = tokenizer.pad_token_id();
  return config;
}

Initialization initialization_from_string(std::string_view name) {
  if (name == "normal") return Initialization::normal;
  if (name == "local-attention") return Initialization::local_attention;
  throw UsageError(fmt::format("--init is \"{}\"; choose normal or local-attention", name));
}

void run(Options& options) {
  options.run.settle();
  print_notes(options.run.ignored);
  const bool from_nothing = !options.config.empty();
  if (from_nothing == !options.run.model.empty())
    throw UsageError(
        "give either --model, to go on from a checkpoint, or --config-name, to begin from nothing");
  if (from_nothing && options.vocabulary.empty()) {
    throw UsageError(
        "--config-name needs --vocabulary, a folder with vocab.txt; bertune vocabulary makes one from your "
        "text");
  }
  if (!from_nothing && !options.vocabulary.empty()) {
    throw UsageError(
        "--vocabulary is for a new model (--config-name); that of --model has its own, and no other");
  }
  const Initialization initialization = initialization_from_string(options.initialization);
  if (!from_nothing && initialization != Initialization::normal)
    throw UsageError("--init is for a new model (--config-name); that of --model has its weights");
  const InterruptGuard guard;
  use_threads(options.run.threads);
  prepare_output(options.run);
  if (!from_nothing) options.run.find_model();
  options.rows.objective = tasks::objective_from_string(options.objective);
  options.rows.seed = options.run.arguments.seed;

  const BertTokenizer tokenizer =
      BertTokenizer::from_pretrained(from_nothing ? options.vocabulary : options.run.model);
  const BertConfig config =
      from_nothing ? new_config(options, tokenizer) : BertConfig::from_pretrained(options.run.model);
  if (!from_nothing) train::require_matching_vocabulary(options.run.model, tokenizer, config);
  auto task = std::make_unique<tasks::LanguageModelling>();
  task->objective = options.rows.objective;
  class_name(config.model_type, task->architecture());  // refuses what the family has no head for
  options.rows.max_length = options.run.max_length.value_or(std::min<std::int64_t>(128, config.max_length()));
  train::require_max_length(options.rows.max_length, config);

  TrainingData data;
  data.train = read_examples(options, options.train, tokenizer);
  if (!options.validation.empty()) data.validation = read_examples(options, options.validation, tokenizer);
  data.row_name = [&options](std::int64_t row) {
    return fmt::format("row {} of {}", row, options.train.front().string());
  };
  data.settings = {{"max_length", options.rows.max_length}, {"objective", to_string(options.rows.objective)}};
  BertPreTrainedModel model =
      from_nothing ? BertPreTrainedModel::from_config(config, task->architecture(),
                                                      options.run.arguments.seed, initialization)
                   : BertPreTrainedModel::from_pretrained(options.run.model, task->architecture(),
                                                          load_options(options.run, *task));
  data.task = std::move(task);
  options.run.arguments.settle(*data.task);
  if (from_nothing) options.run.model = options.config;  // for the person
  run_training(options.run, tokenizer, model, data,
               "bertune fill-mask --model {} \"the [MASK] of the city\"");
}

}  // namespace

void add_pretrain_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  options->run.arguments.learning_rate = 1e-4;
  CLI::App* command = app.add_subcommand(
      "pretrain", "Train BERT on plain text: masked words and next sentences, from a checkpoint or nothing");
  const std::string text = "Text";
  add_run_config(*command);
  command
      ->add_option("--train,--train_file", options->train,
                   "Files of text: .txt, or a document a row in .jsonl, .csv, ...")
      ->required();
  command->add_option("--validation,--validation_file", options->validation,
                      "Files of text to measure on after each epoch");
  command->add_option("--model,--model_name_or_path", options->run.model,
                      "Folder of a BERT to go on from, or its name on the hub");
  command->add_option("--config-name,--config_name", options->config,
                      "config.json with the sizes of a new model, instead of --model");
  command->add_option("--vocabulary,--tokenizer_name", options->vocabulary,
                      "Folder with the vocabulary of a new model (bertune vocabulary makes one)");
  command
      ->add_option("--init", options->initialization,
                   "How a new model begins: normal, or local-attention, with heads that look at neighbouring "
                   "tokens (for little text)")
      ->capture_default_str();
  command->add_option("--output,--output_dir", options->run.arguments.output_dir, "Folder for the model")
      ->required();
  command->add_option("--objective", options->objective, "mlm+nsp or mlm")->capture_default_str();
  command
      ->add_option("--max-length,--max_length,--max_seq_length", options->run.max_length,
                   "Tokens a row (default: 128)")
      ->group(text);
  command
      ->add_option("--document-per", options->document_per,
                   "What a document is in plain text: blank-line, file or line (default: guessed, and said)")
      ->group(text);
  command->add_option("--format", options->format, "txt, jsonl, csv, ... (default: by file name)")
      ->group(text);
  command->add_option("--text-column,--text_column", options->text_column, "Column of the text, in tables")
      ->group(text)
      ->capture_default_str();
  command
      ->add_option("--mlm-probability,--mlm_probability", options->rows.masking.mlm_probability,
                   "Share of the tokens to predict")
      ->group(text)
      ->capture_default_str();
  command
      ->add_flag("--whole-word-masking", options->rows.masking.whole_word_masking,
                 "Mask words with all their pieces")
      ->group(text);
  command
      ->add_option("--max-predictions", options->rows.masking.max_predictions,
                   "At most so many predictions a row (0: no limit)")
      ->group(text);
  command
      ->add_option("--short-seq-prob", options->rows.short_seq_prob,
                   "Share of the pairs that are made shorter")
      ->group(text)
      ->capture_default_str();
  options->run.add_run_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune pretrain --model bert-base --train our-texts.txt --objective mlm --output our-bert\n"
      "  bertune vocabulary --output vocab --vocab-size 8000 texts/*.txt\n"
      "  bertune pretrain --config-name config.json --vocabulary vocab --train texts/*.txt --output "
      "small-bert");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
