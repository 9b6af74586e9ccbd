// What a training run tells whoever watches it; the loop itself prints nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bertune/config.h"
#include "bertune/loss.h"
#include "tasks/metrics.h"

namespace bertune::train {

struct StepEvent {
  std::int64_t step = 0, total_steps = 0;  // steps done
  double epoch = 0;
  double loss = 0;  // of this step's batch
  double learning_rate = 0, gradient_norm = 0;
  std::int64_t tokens = 0;  // of this batch, all of them real
};

class Observer {
 public:
  virtual ~Observer() = default;
  // Before the first step: the loss that is trained, where it is not plain.
  virtual void on_loss(const LossOptions& /*options*/, const BertConfig& /*config*/) {}
  virtual void on_resume(std::int64_t /*step*/, const std::filesystem::path& /*checkpoint*/) {}
  virtual void on_step(const StepEvent& /*event*/) {}
  virtual void on_evaluation_progress(std::int64_t /*rows*/, std::int64_t /*total_rows*/) {}
  virtual void on_evaluation(double /*epoch*/, std::int64_t /*step*/, const tasks::Metrics& /*metrics*/,
                             bool /*best*/) {}
  virtual void on_early_stop(const std::string& /*why*/) {}
  virtual void on_checkpoint(const std::filesystem::path& /*checkpoint*/) {}
};

}  // namespace bertune::train
