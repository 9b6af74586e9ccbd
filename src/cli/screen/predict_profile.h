// `bertune predict --profile`: measures batches while they are predicted.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bertune/model.h"
#include "core/stopwatch.h"
#include "kernels/profile.h"

namespace bertune::cli {

// Measures what the calling thread computes from now on; of a long input, its first parts.
class PredictProfile {
 public:
  PredictProfile() : running_(profiler_.context()) {}

  void part_ends();  // after each part of the input

  // Writes the trace, and returns the table and where the trace is.
  std::string finish(const std::filesystem::path& trace, Precision precision);

 private:
  kernels::Profiler profiler_;
  std::optional<kernels::Context::Use> running_;
  double seconds_ = 0;
  Stopwatch watch_;
};

}  // namespace bertune::cli
