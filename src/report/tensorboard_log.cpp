#include "report/tensorboard_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "insight/results/seed_group.h"

namespace bertune::report {

EventFile& TensorBoardLog::file() {
  if (!file_) {
    file_.emplace(report::events_folder(output_, run_));
    file_->add_text("args", settings_);
    if (path_exists(config_)) file_->add_text("model_config", read_file(config_, 1 << 20));
  }
  return *file_;
}

void TensorBoardLog::on(const Event& event) {
  if (const auto* loaded = std::get_if<ModelLoaded>(&event)) config_ = loaded->folder / "config.json";
  if (const auto* step = std::get_if<StepEvent>(&event)) take(*step);
  if (const auto* evaluated = std::get_if<EvaluationEvent>(&event))
    take("eval/", evaluated->step, evaluated->epoch, evaluated->metrics);
  if (const auto* tested = std::get_if<Tested>(&event))
    take("test/", last_step_, last_epoch_, tested->metrics);
  next_.on(event);
}

// The rows of trainer_state.json: the mean loss since the last one, and the rest as it is.
void TensorBoardLog::take(const StepEvent& step) {
  loss_ += step.loss, ++steps_;
  last_step_ = step.step, last_epoch_ = step.epoch;
  const std::int64_t every =
      logging_steps_ > 0 ? logging_steps_ : std::max<std::int64_t>(1, step.total_steps / 100);
  if (step.step % every != 0) return;
  const std::array<EventFile::Scalar, 4> scalars = {{{"train/loss", loss_ / static_cast<double>(steps_)},
                                                     {"train/grad_norm", step.gradient_norm},
                                                     {"train/learning_rate", step.learning_rate},
                                                     {"train/epoch", step.epoch}}};
  file().add_scalars(step.step, scalars);
  loss_ = 0, steps_ = 0;
}

void TensorBoardLog::take(const std::string& prefix, std::int64_t step, double epoch,
                          const Metrics& metrics) {
  std::vector<EventFile::Scalar> scalars = {{"train/epoch", epoch}};
  for (const auto& [name, value] : metrics.values) scalars.emplace_back(prefix + name, value);
  file().add_scalars(step, scalars);
}

void SeedLogs::on(const Event& event) {
  if (const auto* begins = std::get_if<SeedBegins>(&event)) {
    arguments_.seed = begins->seed;
    log_.emplace(next_, insight::folder_of_seed(arguments_.output_dir, begins->seed),
                 arguments_.logging_steps, dump_json(arguments_.to_json()),
                 fmt::format("seed-{}", begins->seed));
  }
  log_ ? log_->on(event) : next_.on(event);
}

}  // namespace bertune::report
