// TuneDisplay shows a search while it runs: a line for each part of a trial, and the one that trains below.
#pragma once

#include <iosfwd>
#include <optional>

#include "cli/screen/train_display.h"
#include "report/progress.h"
#include "report/tuning_report.h"
#include "train/observer.h"

namespace bertune::cli {

class TuneDisplay : public train::Observer {
 public:
  // The arguments are those of TrainDisplay, which shows all that is not of a trial.
  TuneDisplay(std::ostream& out, bool without_progress, bool silent);

  void on(const Event& event) override;
  // Clears the bars.
  void finish();

 private:
  void show(const TrialBegins& trial);
  void show(const StepEvent& step);
  void show(const TrialEnded& trial);

  std::ostream& out_;
  bool quiet_;
  report::Terminal terminal_;
  TrainDisplay search_;
  std::optional<TrialBegins> trial_;  // that trains
  std::optional<report::TrialLines> lines_;
  std::optional<report::ProgressBar> bar_;
};

}  // namespace bertune::cli
