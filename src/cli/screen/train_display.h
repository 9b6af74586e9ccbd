// What a person sees of a training run while it runs.
#pragma once

#include <iosfwd>
#include <optional>
#include <string_view>

#include "report/progress.h"
#include "train/observer.h"

namespace bertune::cli {

class TrainDisplay : public train::Observer {
 public:
  TrainDisplay(std::ostream& out, bool quiet);

  void on(const train::Event& event) override;
  // Whether the loop has ended: an interrupt before leaves a checkpoint.
  bool training_ended() const { return training_ended_; }
  // Clears the bars.
  void finish();

 private:
  void show(const train::Note& note);
  void show(const train::TextRead& text);
  void show(const train::ModelLoaded& model);
  void show(const train::LossChosen& loss);
  void show(const train::Resumed& resumed);
  void show(const train::StepEvent& step);
  void show(const train::EvaluationProgress& progress);
  void show(const train::EvaluationEvent& evaluation);
  void show(const train::EarlyStop& stop);
  void show(const train::TrainingEnded& ended);
  void show(const train::FoldBegins& fold);
  void show(const train::FoldEnded& fold);
  template <typename Other>
  void show(const Other& /*event*/) {}

  // A line above the bar, where there is one.
  void say(std::string_view line);

  std::ostream& out_;
  bool quiet_, training_ended_ = false;
  report::Terminal terminal_;
  std::optional<report::ProgressBar> steps_, evaluation_;
  std::int64_t resumed_step_ = 0, tokens_ = 0;
  double smooth_loss_ = 0;
};

}  // namespace bertune::cli
