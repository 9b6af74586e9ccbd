#include "report/event_log.h"

#include <fcntl.h>

#include <cerrno>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "core/file_error.h"
#include "core/writing.h"
#include "report/event_json.h"

namespace bertune::report {
namespace {

constexpr std::chrono::milliseconds kBetweenSteps{200};

}  // namespace

EventLog::EventLog(train::Observer& next, const std::filesystem::path& file) : next_(next) {
  if (file.empty()) return;
  file_ = Descriptor(writing::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (file_.get() < 0) throw_file_error("open", file, errno);
}

void EventLog::on(const Event& event) {
  if (file_.get() >= 0) take(event);
  next_.on(event);
}

void EventLog::take(const Event& event) {
  const Clock::time_point now = Clock::now();
  if (const auto* step = std::get_if<StepEvent>(&event)) {
    loss_ += step->loss, ++steps_;
    step_ = *step;
    const bool is_last = step->step == step->total_steps;
    if (now - written_ < kBetweenSteps && !is_last) return;
    written_ = now;
    return write_step();
  }
  if (std::holds_alternative<EvaluationProgress>(event)) {
    if (now - written_ < kBetweenSteps) return;
    written_ = now;
  }
  write_step();
  write(event_json(event));
}

void EventLog::write_step() {
  if (!step_) return;
  step_->loss = loss_ / static_cast<double>(steps_);
  write(event_json(*std::exchange(step_, std::nullopt)));
  loss_ = 0, steps_ = 0;
}

void EventLog::write(Json line) {
  const std::chrono::duration<double> time = std::chrono::system_clock::now().time_since_epoch();
  line["time"] = std::round(time.count() * 1000) / 1000;
  // A line that a full disk cut is ended first, so that the next one can be read.
  const std::string text =
      (is_cut_ ? "\n" : "") + line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const ssize_t done = writing::write(file_.get(), std::as_bytes(std::span(text)));
  is_cut_ = done != static_cast<ssize_t>(text.size()) && (is_cut_ || done > 0);
}

}  // namespace bertune::report
