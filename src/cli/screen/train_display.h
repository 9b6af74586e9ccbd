// What a person sees of a training run.
#pragma once

#include <iosfwd>
#include <memory>
#include <optional>

#include "report/progress.h"
#include "train/observer.h"

namespace bertune::cli {

class TrainDisplay : public train::Observer {
 public:
  TrainDisplay(std::ostream& out, bool quiet);

  void on_loss(const LossOptions& options, const BertConfig& config) override;
  void on_resume(std::int64_t step, const std::filesystem::path& checkpoint) override;
  void on_step(const train::StepEvent& event) override;
  void on_evaluation_progress(std::int64_t rows, std::int64_t total_rows) override;
  void on_evaluation(double epoch, std::int64_t step, const tasks::Metrics& metrics, bool best) override;
  void on_early_stop(const std::string& why) override;
  void finish();

 private:
  std::ostream& out_;
  bool quiet_;
  report::Terminal terminal_;
  std::optional<report::ProgressBar> steps_, evaluation_;
  std::int64_t resumed_step_ = 0, tokens_ = 0;
  double smooth_loss_ = 0;
};

}  // namespace bertune::cli
