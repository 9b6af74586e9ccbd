// The parts of a Predictor, for those who share its model.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "bertune/predictor.h"
#include "predict/shared_model.h"
#include "tasks/prediction.h"
#include "tasks/registry/registry.h"
#include "tasks/request.h"

namespace bertune {
namespace predict {

inline tasks::PredictionOptions task_options(const PredictorOptions& options) {
  return {.threshold = options.threshold,
          .long_text = options.long_text,
          .question_answering = {.doc_stride = options.doc_stride,
                                 .n_best_size = options.n_best_size,
                                 .max_answer_length = options.max_answer_length,
                                 .null_score_diff_threshold = options.null_score_diff_threshold},
          .top = options.top};
}

}  // namespace predict

struct Predictor::Implementation {
  std::shared_ptr<const predict::SharedModel> model;
  std::filesystem::path folder;
  PredictorOptions options;
  std::unique_ptr<const tasks::PredictionTask> task;

  Implementation(std::shared_ptr<const predict::SharedModel> shared, std::filesystem::path from,
                 PredictorOptions wanted)
      : model(std::move(shared)),
        folder(std::move(from)),
        options(std::move(wanted)),
        task(tasks::prediction_task(model->architecture(), model->trained(), predict::task_options(options),
                                    folder)) {
    if (options.min_confidence)
      tasks::require_abstaining(model->architecture(), model->config(), *options.min_confidence);
  }
};

}  // namespace bertune
