#include "runs/fine_tuning.h"

#include "train/model_folder.h"

namespace bertune::runs {

BaseModel open_base_model(const TrainOptions& options) {
  BaseModel base{BertTokenizer::from_pretrained(tokenizer_folder(options.model, options.base)),
                 BertConfig::from_pretrained(config_folder(options.model, options.base))};
  train::require_matching_vocabulary(options.model, base.tokenizer, base.config);
  return base;
}

BertPreTrainedModel new_model(const TrainOptions& options, const tasks::Task& task) {
  return BertPreTrainedModel::from_pretrained(options.model, task.architecture(),
                                              load_options(options, task));
}

FinishedRun fine_tune(const TrainOptions& options, const BaseModel& base, const ReadData& read_data,
                      train::Observer& observer) {
  tasks::TrainingData data = read_data(options.files, base.tokenizer, base.config);
  TrainOptions settled = options;
  settled.arguments.settle(*data.task);
  BertPreTrainedModel model = new_model(settled, *data.task);
  return run_training(settled, base.tokenizer, model, data, observer);
}

}  // namespace bertune::runs
