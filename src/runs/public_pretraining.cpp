#include "bertune/error.h"
#include "bertune/pretraining.h"

#include <utility>

#include "bertune/error.h"
#include "runs/output.h"
#include "runs/pretraining.h"
#include "runs/public_result.h"

namespace bertune {
namespace {

runs::PretrainOptions pretraining_of(const PretrainOptions& options) {
  runs::PretrainOptions result;
  runs::TrainOptions& run = result.run;
  run.model = options.model;
  run.arguments = train::TrainingArguments(options.arguments);
  run.hidden_dropout = options.hidden_dropout;
  run.attention_dropout = options.attention_dropout;
  run.overwrite = options.overwrite;
  run.stop = options.stop;
  run.files.max_length = options.max_length;
  run.files.seed = options.arguments.seed;
  result.train = options.train, result.validation = options.validation;
  result.text_cache = options.text_cache;
  result.config = options.config, result.vocabulary = options.vocabulary;
  result.initialization = options.initialization;
  if (!options.format.empty()) result.documents.format = data::format_from_string(options.format);
  if (!options.document_per.empty())
    result.documents.document_per = data::document_per_from_string(options.document_per);
  result.documents.text_column = options.text_column;
  result.rows.objective = tasks::objective_from_string(options.objective);
  result.rows.short_seq_prob = options.short_seq_prob;
  result.rows.masking = {.mlm_probability = options.mlm_probability,
                         .max_predictions = options.max_predictions,
                         .whole_word_masking = options.whole_word_masking};
  return result;
}

}  // namespace

TrainResult pretrain(const PretrainOptions& options) {
  if (options.train.empty()) throw UsageError("train", "`train` is empty; give a file of text");
  const runs::PretrainOptions pretraining = pretraining_of(options);
  runs::require_beginning(pretraining);
  runs::validate(pretraining.run);
  const FolderLock lock = runs::prepare_output(pretraining.run);
  runs::Callback observer(options.on_event);
  runs::FinishedRun run = runs::pretrain(pretraining, observer);
  return runs::public_result(std::move(run), options.arguments.output_dir, "pretraining",
                             observer.take_findings());
}

}  // namespace bertune
