#include "cli/screen/train_profile.h"

#include <fmt/format.h>

#include <variant>

#include "cli/screen/peak.h"
#include "core/counted.h"
#include "core/file.h"
#include "report/profile_report.h"

namespace bertune::cli {
namespace {

constexpr std::int64_t kWarmUp = 2, kMostSteps = 50;

}  // namespace

void TrainProfile::stop() {
  if (!running_) return;
  calls_ = profiler_->calls();
  std::erase_if(calls_,
                [&](const kernels::ProfiledCall& call) { return call.begin > seconds_; });  // evaluation
  running_.reset();
}

void TrainProfile::take(const StepEvent& event) {
  ++seen_;
  if (running_) {
    ++steps_;
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  if (steps_ == kMostSteps || event.step == event.total_steps) stop();
  if (seen_ == kWarmUp && event.step < event.total_steps) {
    running_.emplace(profiler_.emplace().context());
    start_ = std::chrono::steady_clock::now();
  }
}

// Evaluations and checkpoints are no part of a step.
void TrainProfile::on(const Event& event) {
  if (const auto* step = std::get_if<StepEvent>(&event)) take(*step);
  if (std::holds_alternative<EvaluationProgress>(event) || std::holds_alternative<CheckpointSaved>(event)) {
    stop();
  }
  next_.on(event);
}

std::string TrainProfile::finish(const std::filesystem::path& trace, Precision precision) {
  stop();
  if (steps_ == 0)
    return fmt::format("No profile: training took {}, and the first {} are left out\n",
                       counted(seen_, "step"), kWarmUp);
  write_file_atomically(trace, report::chrome_trace(calls_));
  return fmt::format("{}Trace (chrome://tracing, Perfetto): {}\n",
                     report::profile_table(
                         {.calls = calls_, .peak = peak_of(precision), .units = steps_, .seconds = seconds_}),
                     trace.string());
}

}  // namespace bertune::cli
