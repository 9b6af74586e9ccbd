#include "cli/screen/train_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "cli/options/flag_words.h"
#include "report/metrics_report.h"

namespace bertune::cli {

TrainDisplay::TrainDisplay(std::ostream& out, bool quiet)
    : out_(out), quiet_(quiet), terminal_(report::terminal_of(STDERR_FILENO)) {}

void TrainDisplay::on_loss(const LossOptions& options, const BertConfig& config) {
  if (quiet_) return;
  if (options.label_smoothing > 0) out_ << fmt::format("note: label smoothing {}\n", options.label_smoothing);
  if (options.focal_gamma > 0) out_ << fmt::format("note: focal loss with gamma {}\n", options.focal_gamma);
  if (options.class_weights.empty()) return;
  constexpr std::size_t kMost = 20;
  out_ << "note: class weights:";
  for (std::size_t i = 0; i < std::min(kMost, options.class_weights.size()); ++i)
    out_ << fmt::format("{} {} {:.4g}", i > 0 ? "," : "", config.id2label.at(i), options.class_weights[i]);
  if (options.class_weights.size() > kMost)
    out_ << fmt::format(", and {} more (bertune.json has all)", options.class_weights.size() - kMost);
  out_ << '\n';
}

void TrainDisplay::on_resume(std::int64_t step, const std::filesystem::path& checkpoint) {
  resumed_step_ = step;
  if (quiet_) return;
  out_ << (checkpoint.empty() ? std::string("No checkpoint to resume from: starting at the beginning.\n")
                              : fmt::format("Resuming after step {} from {}\n", step, checkpoint.string()));
}

void TrainDisplay::on_step(const train::StepEvent& event) {
  if (!steps_) {
    steps_.emplace(
        out_, "step", event.total_steps,
        report::ProgressOptions{.terminal = terminal_, .quiet = quiet_, .already_done = resumed_step_});
    smooth_loss_ = event.loss;
  }
  tokens_ += event.tokens;
  smooth_loss_ += 0.05 * (event.loss - smooth_loss_);
  steps_->update(event.step, smooth_loss_, tokens_);
}

void TrainDisplay::on_evaluation_progress(std::int64_t rows, std::int64_t total_rows) {
  if (!evaluation_) {
    if (steps_) steps_->pause();
    evaluation_.emplace(
        out_, "evaluating", total_rows,
        report::ProgressOptions{.terminal = terminal_, .quiet = quiet_ || !terminal_.interactive});
  }
  evaluation_->update(rows);
}

void TrainDisplay::on_evaluation(double epoch, std::int64_t /*step*/, const tasks::Metrics& metrics,
                                 bool best) {
  if (evaluation_) evaluation_->finish();
  evaluation_.reset();
  if (quiet_) return;
  const std::string line = fmt::format("epoch {:.4g}: validation {}{}", epoch, report::metrics_line(metrics),
                                       best ? "  (best so far)" : "");
  if (steps_) {
    steps_->message(line);
  } else {
    out_ << line << '\n';
  }
}

void TrainDisplay::on_early_stop(const std::string& why) {
  if (quiet_) return;
  if (steps_) {
    steps_->message(with_flags(why));
  } else {
    out_ << with_flags(why) << '\n';
  }
}

void TrainDisplay::finish() {
  if (steps_) steps_->finish();
  steps_.reset(), evaluation_.reset();
}

}  // namespace bertune::cli
