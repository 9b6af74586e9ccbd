// Ctrl-C and SIGTERM as a request to stop, which long work answers at its next step, having saved what is
// worth keeping.
#pragma once

#include <memory>
#include <stop_token>

namespace bertune::cli {

// While an InterruptGuard lives, the first SIGINT or SIGTERM requests the stop; a second signal ends the
// process at once. A guard that lives within another adds nothing to it.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

 private:
  class Watch;
  friend std::stop_token interrupt_token();
  std::unique_ptr<Watch> watch_;  // null within another guard
};

// Returns the token of the guard that lives, or one that is never stopped.
std::stop_token interrupt_token();

}  // namespace bertune::cli
