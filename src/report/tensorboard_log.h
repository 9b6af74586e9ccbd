// TensorBoardLog is what `report_to=tensorboard` asks for: it writes what the Trainer logs, under its names,
// on the way to another observer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "report/tensorboard.h"
#include "train/arguments.h"
#include "train/observer.h"

namespace bertune::report {

class TensorBoardLog : public train::Observer {
 public:
  // `settings`: the run's, as JSON. The file is made when training begins. `logging_steps`: 0 takes a
  // hundredth of all steps. `run`: the name of one of several runs, or empty.
  TensorBoardLog(train::Observer& next, std::filesystem::path output, std::int64_t logging_steps,
                 std::string settings, std::string run = {})
      : next_(next),
        output_(std::move(output)),
        logging_steps_(logging_steps),
        settings_(std::move(settings)),
        run_(std::move(run)) {}

  void on(const Event& event) override;

 private:
  EventFile& file();
  void take(const StepEvent& step);
  void take(const std::string& prefix, std::int64_t step, double epoch, const Metrics& metrics);

  train::Observer& next_;
  std::filesystem::path output_, config_;  // config_: of the model that is trained
  std::int64_t logging_steps_;
  std::string settings_, run_;
  std::optional<EventFile> file_;
  double loss_ = 0;  // of the steps since the last that was written
  std::int64_t steps_ = 0, last_step_ = 0;
  double last_epoch_ = 0;
};

// SeedLogs has each run of several seeds write such a log of its own.
class SeedLogs : public train::Observer {
 public:
  // `arguments`: those of the first run, whose output folder holds those of the others.
  SeedLogs(train::Observer& next, train::TrainingArguments arguments)
      : next_(next), arguments_(std::move(arguments)) {}

  void on(const Event& event) override;

 private:
  train::Observer& next_;
  train::TrainingArguments arguments_;
  std::optional<TensorBoardLog> log_;
};

}  // namespace bertune::report
