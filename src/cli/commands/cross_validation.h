// bertune train --folds, --fold-column: how good a training is, by models that are each measured on what they
// have not seen.
#pragma once

#include <functional>

#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "cli/commands/task_commands.h"
#include "cli/options/train_options.h"

namespace bertune::cli {

// Trains options.fold.count models, one after another: number i on all rows of --train but those of fold i
// (data/splits/folds.h), which it is then measured on. What a fold is measured on never picks its epoch: with
// --validation that file does, and else the last epoch is taken. Writes OUTPUT/cross_validation.json and
// OUTPUT/out_of_fold.jsonl, and prints. While it runs, OUTPUT/fold-<i>/ (for <i> the names of given folds
// where they are plain enough) holds checkpoints and what is finished, from which --resume goes on. `prepare`
// makes the data of a fold, `new_model` the model to train.
void cross_validate(const TrainOptions& options, const BertTokenizer& tokenizer,
                    const std::function<tasks::TrainingData(const TrainOptions&)>& prepare,
                    const std::function<BertPreTrainedModel(const tasks::Task&)>& new_model);

}  // namespace bertune::cli
