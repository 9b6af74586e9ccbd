// The common parts of the public functions that run a training.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/trainer.h"
#include "core/folder_lock.h"
#include "data/files/text_file.h"
#include "runs/fine_tuning.h"
#include "runs/train_options.h"
#include "runs/training_run.h"
#include "train/observer.h"

namespace bertune::runs {

// Passes events on to a function, and keeps what was found in the data.
class Callback : public train::Observer {
 public:
  explicit Callback(const std::function<void(const Event&)>& function) : function_(function) {}
  void on(const Event& event) override {
    if (const auto* data = std::get_if<DataRead>(&event)) findings_ = data->findings;
    if (function_) function_(event);
  }
  std::vector<Finding> take_findings() { return std::move(findings_); }

 private:
  const std::function<void(const Event&)>& function_;
  std::vector<Finding> findings_;
};

inline TrainResult public_result(FinishedRun run, const std::filesystem::path& folder, std::string_view task,
                                 std::vector<Finding> findings) {
  const train::TrainingResult& training = run.training;
  return {.folder = folder,
          .task = std::string(task),
          .steps = training.state.global_step,
          .epochs = training.epochs,
          .train_loss = training.train_loss,
          .runtime = training.runtime,
          .best_step = training.state.best_step,
          .stopped_early = training.stopped_early,
          .validation = std::move(run.validation_metrics),
          .test = std::move(run.test_metrics),
          .findings = std::move(findings)};
}

// The options of the public functions as those of a run.
TrainOptions run_options(const bertune::TrainOptions& options);

// Metrics of JSON, in which null stands for infinity or NaN.
MetricValues numbers_of(const Json& metrics);

// A run that has its output folder to itself, its model, and its task, which is said where it was detected.
struct Prepared {
  Prepared(const bertune::TrainOptions& options, const TrainOptions& run);

  data::KeptPipes pipes;
  Callback observer;
  FolderLock lock;
  BaseModel base;
  const tasks::TaskEntry* task = nullptr;
};

}  // namespace bertune::runs
