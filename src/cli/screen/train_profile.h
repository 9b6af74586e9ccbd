// `bertune train --profile`: measures some steps on their way to another observer.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "kernels/profile.h"
#include "train/observer.h"

namespace bertune::cli {

class TrainProfile : public train::Observer {
 public:
  explicit TrainProfile(train::Observer& next) : next_(next) {}

  void on(const Event& event) override;

  // Writes the trace after training, and returns the table and where the trace is.
  std::string finish(const std::filesystem::path& trace, Precision precision);

 private:
  void take(const StepEvent& step);
  void stop();

  train::Observer& next_;
  std::optional<kernels::Profiler> profiler_;
  std::optional<kernels::Context::Use> running_;
  std::int64_t seen_ = 0, steps_ = 0;
  std::chrono::steady_clock::time_point start_;
  double seconds_ = 0;
  std::vector<kernels::ProfiledCall> calls_;
};

}  // namespace bertune::cli
