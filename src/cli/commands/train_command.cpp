#include "cli/commands/train_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands/cross_validation.h"
#include "cli/commands/fold_column.h"
#include "cli/commands/training_run.h"
#include "cli/config/run_config.h"
#include "cli/interrupt.h"
#include "cli/options/train_options.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

void run(TrainOptions& options) {
  options.settle();
  print_notes(options.ignored);
  const InterruptGuard guard;
  use_threads(options.threads);
  prepare_output(options);
  options.find_model();
  const BertTokenizer tokenizer =
      BertTokenizer::from_pretrained(tokenizer_folder(options.model, options.base));
  const BertConfig config = BertConfig::from_pretrained(config_folder(options.model, options.base));
  train::require_matching_vocabulary(options.model, tokenizer, config);
  const TaskCommands& commands = options.task.empty() ? guess_task(options.train) : task_named(options.task);
  if (options.task.empty() && &commands != &kTextClassification)
    fmt::print(stderr, "note: --task {} (by the look of {})\n", commands.name, options.train.string());
  const auto new_model = [&](const tasks::Task& task) {
    return BertPreTrainedModel::from_pretrained(options.model, task.architecture(),
                                                load_options(options, task));
  };
  if (!options.fold_column.empty()) options.fold = folds_of_column(options, commands.architecture);
  if (options.fold.given || options.declared_on->count("--folds") > 0) {
    cross_validate(
        options, tokenizer,
        [&](const TrainOptions& fold) { return commands.prepare(fold, tokenizer, config); }, new_model);
    return;
  }
  TrainingData data = commands.prepare(options, tokenizer, config);
  options.arguments.settle(*data.task);
  BertPreTrainedModel model = new_model(*data.task);
  run_training(options, tokenizer, model, data, commands.try_it);
}

}  // namespace

void add_train_command(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand(
      "train", "Fine-tune a checkpoint on labelled texts, words or questions, and test it");
  add_run_config(*command);
  options->add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune train --model bert-base-uncased --train train.csv --output my-model\n"
      "  bertune train --model DIR --train train.tsv --validation dev.tsv --test test.tsv --output my-model "
      "\\\n"
      "    --text-column sentence --label-column label --epochs 3 --learning-rate 3e-5\n"
      "  bertune train ... --output my-model --resume     after Ctrl-C or a crash\n"
      "  bertune train --config my-model/run.yaml --output again     the same once more\n"
      "Flags of the Transformers scripts (--model_name_or_path, --num_train_epochs, ...) are taken too.");
  command->callback([options] { run(*options); });
}

}  // namespace bertune::cli
