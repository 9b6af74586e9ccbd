// Progress of a long piece of work: one line redrawn on a terminal, now and then a plain line in a log file.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "report/terminal.h"

namespace bertune::report {

// Seconds on a clock that never goes back.
double monotonic_seconds();

struct ProgressOptions {
  Terminal terminal = {};         // of the stream that is written to; not interactive: plain lines
  bool quiet = false;             // writes nothing
  bool only_when_long = false;    // in a log: a line each half a minute, and none on short work
  std::int64_t already_done = 0;  // work that an earlier run did (resume): no part of the rate
  std::function<double()> clock = monotonic_seconds;
  std::optional<double> since = {};  // when the work began, on the clock; left out: now
};

class ProgressBar {
 public:
  // `label` names the unit ("step", "evaluating"); `total` 0: not known, so no share and no ETA. Nothing is
  // written before the first update.
  ProgressBar(std::ostream& out, std::string label, std::int64_t total, ProgressOptions options = {});
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();  // clears the line if finish() was not reached

  // `done` of the total, and `tokens` since the start of this bar (0: not shown). Cheap enough for every
  // step.
  void update(std::int64_t done, std::optional<double> loss = {}, std::int64_t tokens = 0);
  // Prints a line of its own and draws the bar again below it.
  void message(std::string_view line);
  // Other work comes between (an evaluation with its own bar): clears the line, and its time is left out of
  // the rate until the next update.
  void pause();
  // Clears the line on a terminal; in a log, ends with the last state.
  void finish();

 private:
  void measure(double now, std::int64_t done, std::int64_t tokens);
  void draw(double now);
  void write_plain(double now);
  void clear();
  double seconds_left() const;

  std::ostream* out_;
  std::string label_;
  std::int64_t total_;
  ProgressOptions options_;
  std::int64_t done_, tokens_ = 0, shown_done_ = -1;
  std::optional<double> loss_;
  double start_, last_update_, last_shown_;
  // Work and time, both fading: their quotient is a rate that forgets what was long ago.
  double recent_done_ = 0, recent_tokens_ = 0, recent_seconds_ = 0;
  bool paused_ = false, on_screen_ = false, finished_ = false;
};

// Returns a function that shows how much of all is done, once the work takes long. `out` must outlive it.
std::function<void(std::int64_t done, std::int64_t all)> progress_of_long_work(std::ostream& out,
                                                                               std::string label,
                                                                               ProgressOptions options);

// "1:05", "2:03:09".
std::string format_duration(double seconds);

}  // namespace bertune::report
