#include "cli/screen/tune_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <ostream>
#include <variant>

#include "report/terminal.h"

namespace bertune::cli {

TuneDisplay::TuneDisplay(std::ostream& out, bool without_progress, bool silent)
    : out_(out),
      quiet_(without_progress || silent),
      terminal_(report::terminal_of(STDERR_FILENO)),
      search_(out, without_progress, silent) {}

void TuneDisplay::on(const Event& event) {
  if (const auto* begins = std::get_if<TrialBegins>(&event)) return show(*begins);
  if (const auto* ended = std::get_if<TrialEnded>(&event)) return show(*ended);
  if (!trial_) return search_.on(event);
  if (const auto* step = std::get_if<StepEvent>(&event)) return show(*step);
  // All trials are of this model and this loss.
  const bool is_of_all =
      std::holds_alternative<ModelLoaded>(event) || std::holds_alternative<LossChosen>(event);
  if (is_of_all && trial_->number == 0 && !lines_) search_.on(event);
}

void TuneDisplay::show(const TrialBegins& trial) { trial_ = trial; }

void TuneDisplay::show(const StepEvent& step) {
  if (!terminal_.interactive || quiet_) return;
  if (!bar_) {
    std::string label = fmt::format("trial {}", trial_->number);
    if (trial_->seconds_left) label = report::format_duration(*trial_->seconds_left) + " left, " + label;
    bar_.emplace(
        out_, label, trial_->to_step,
        report::ProgressOptions{.terminal = terminal_, .quiet = quiet_, .already_done = trial_->from_step});
  }
  bar_->update(step.step, step.loss);
}

void TuneDisplay::show(const TrialEnded& trial) {
  finish();
  trial_.reset();
  if (quiet_) return;
  if (!lines_) {
    lines_.emplace(trial.settings, trial.metric);
    out_ << '\n' << lines_->header() << '\n';
  }
  out_ << lines_->line(trial) << std::endl;
}

void TuneDisplay::finish() {
  if (bar_) bar_->finish();
  bar_.reset();
}

}  // namespace bertune::cli
