// TrainDisplay shows a training run while it runs.
#pragma once

#include <iosfwd>
#include <optional>
#include <string_view>

#include "report/progress.h"
#include "train/observer.h"

namespace bertune::cli {

class TrainDisplay : public train::Observer {
 public:
  // `without_progress`: shows only findings, notes and detected settings. `silent`: shows nothing.
  TrainDisplay(std::ostream& out, bool without_progress, bool silent);

  void on(const Event& event) override;
  // Returns whether the loop has ended: an interrupt before leaves a checkpoint.
  bool training_ended() const { return training_ended_; }
  // Clears the bars.
  void finish();

 private:
  void show(const Note& note);
  void show(const DataRead& data);
  void show(const TextRead& text);
  void show(const ModelLoaded& model);
  void show(const RunPlanned& planned);
  void show(const LossChosen& loss);
  void show(const Resumed& resumed);
  void show(const StepEvent& step);
  void show(const EvaluationProgress& progress);
  void show(const EvaluationEvent& evaluation);
  void show(const EarlyStop& stop);
  void show(const TrainingEnded& ended);
  void show(const FoldBegins& fold);
  void show(const FoldEnded& fold);
  void show(const SeedBegins& run);
  void show(const SeedEnded& run);
  template <typename Other>
  void show(const Other& /*event*/) {}

  // A line above the bar, where there is one: what was found, decided or detected.
  void say(std::string_view line);
  // The same of how it goes, which --quiet hides.
  void progress(std::string_view line);

  std::ostream& out_;
  bool quiet_, silent_, training_ended_ = false;
  report::Terminal terminal_;
  std::optional<report::ProgressBar> steps_, evaluation_;
  std::int64_t resumed_step_ = 0, tokens_ = 0;
  double steps_began_ = 0;  // the bar is made when the first step is done
  double smooth_loss_ = 0;
};

}  // namespace bertune::cli
