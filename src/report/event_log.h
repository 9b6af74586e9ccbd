// EventLog writes the events of a run to a file, a line of JSON each, on the way to another observer: for a
// program that watches the run from outside, or comes back to it later.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/descriptor.h"
#include "core/json.h"
#include "train/observer.h"

namespace bertune::report {

class EventLog : public train::Observer {
 public:
  // Adds to the file, so that a run that continues has one log. An empty path writes nothing. Throws Error
  // where the file cannot be opened. What cannot be written later, for a full disk, is left out: the run is
  // worth more than its log.
  EventLog(train::Observer& next, const std::filesystem::path& file);

  // Steps are written five times a second at most, with the mean loss since the last one that was written.
  void on(const Event& event) override;

 private:
  using Clock = std::chrono::steady_clock;

  void take(const Event& event);
  void write_step();
  void write(Json line);

  train::Observer& next_;
  Descriptor file_;
  bool is_cut_ = false;                 // the last line was written in part
  std::optional<StepEvent> step_ = {};  // that waits
  double loss_ = 0;                     // of the steps that wait
  std::int64_t steps_ = 0;
  Clock::time_point written_ = {};  // the last step, or rows of an evaluation
};

}  // namespace bertune::report
