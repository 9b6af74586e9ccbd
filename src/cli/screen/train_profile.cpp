#include "cli/screen/train_profile.h"

#include <fmt/format.h>

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

void TrainProfile::on_step(const train::StepEvent& event) {
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
  next_.on_step(event);
}

void TrainProfile::on_loss(const LossOptions& options, const BertConfig& config) {
  next_.on_loss(options, config);
}

void TrainProfile::on_early_stop(const std::string& why) { next_.on_early_stop(why); }

void TrainProfile::on_resume(std::int64_t step, const std::filesystem::path& checkpoint) {
  next_.on_resume(step, checkpoint);
}
void TrainProfile::on_evaluation_progress(std::int64_t rows, std::int64_t total_rows) {
  stop();
  next_.on_evaluation_progress(rows, total_rows);
}
void TrainProfile::on_evaluation(double epoch, std::int64_t step, const tasks::Metrics& metrics, bool best) {
  next_.on_evaluation(epoch, step, metrics, best);
}
void TrainProfile::on_checkpoint(const std::filesystem::path& checkpoint) {
  stop();
  next_.on_checkpoint(checkpoint);
}

std::string TrainProfile::finish(const std::filesystem::path& trace, bool bf16) {
  stop();
  if (steps_ == 0)
    return fmt::format("No profile: training took {} steps, and the first {} are left out\n", seen_, kWarmUp);
  write_file_atomically(trace, report::chrome_trace(calls_));
  return fmt::format("{}Trace (chrome://tracing, Perfetto): {}\n",
                     report::profile_table(calls_, kernels::measure_peak(bf16), steps_, seconds_),
                     trace.string());
}

}  // namespace bertune::cli
