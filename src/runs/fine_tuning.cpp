#include "runs/fine_tuning.h"

#include "bertune/error.h"
#include "train/model_folder.h"

namespace bertune::runs {

tasks::TaskGuess task_of(const TrainOptions& options) {
  if (!options.task.empty()) return {&tasks::task_named(options.task), ""};
  tasks::TrainingFiles files = options.files;
  tasks::name_splits(files);
  return tasks::guess_task(files.train, files.data);
}

BaseModel open_base_model(const TrainOptions& options) {
  BaseModel base{BertTokenizer::from_pretrained(tokenizer_folder(options.model, options.base)),
                 BertConfig::from_pretrained(config_folder(options.model, options.base))};
  train::require_matching_vocabulary(options.model, base.tokenizer, base.config);
  return base;
}

tasks::TrainingData read_training(const TrainOptions& options, const BaseModel& base,
                                  const tasks::TaskEntry& task, train::Observer& observer) {
  tasks::TrainingFiles files = options.files;
  for (const std::string& note : tasks::name_splits(files)) observer.on(Note{note});
  if (task.architecture == Architecture::sentence_embedding) {
    // PEFT has other names for the tensors of a model without a head.
    const train::FineTuning& tuning = options.arguments.fine_tuning;
    if (tuning.lora && !tuning.merge_lora) {
      throw UsageError("lora",
                       "`lora`: sentence embeddings need the adapter merged in the end; add `merge_lora`");
    }
    files.sentence_embedding.of_model = SentenceEmbeddingConfig::from_pretrained(options.model, options.base);
    files.sentence_embedding.train_batch_size = options.arguments.train_batch_size;
  }
  tasks::TrainingData data = task.read_training(files, base.tokenizer, base.config);
  const auto rows = [](const auto& examples) { return examples ? examples->rows() : 0; };
  if (files.checks_data) {
    const std::int32_t unknown = base.tokenizer.unk_token_id();
    for (const auto& [name, examples] : {std::pair{"train", data.train.get()},
                                         {"validation", data.validation.get()},
                                         {"test", data.test.get()}}) {
      if (examples == nullptr) continue;
      data::add_unknown_tokens(data.facts.check, name, examples->count_of(unknown),
                               examples->tokens_of_first(examples->rows()));
    }
  }
  observer.on(DataRead{rows(data.train), rows(data.validation), rows(data.test), data.facts.check.findings,
                       &data.facts});
  return data;
}

BertPreTrainedModel new_model(const TrainOptions& options, const tasks::Task& task) {
  return BertPreTrainedModel::from_pretrained(options.model, task.architecture(),
                                              load_options(options, task));
}

FinishedRun fine_tune(const TrainOptions& options, const BaseModel& base, const tasks::TaskEntry& task,
                      train::Observer& observer) {
  tasks::TrainingData data = read_training(options, base, task, observer);
  TrainOptions settled = options;
  settled.arguments.settle(*data.task);
  BertPreTrainedModel model = new_model(settled, *data.task);
  return run_training(settled, base.tokenizer, model, data, observer);
}

}  // namespace bertune::runs
