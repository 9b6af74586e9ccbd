// Ctrl-C and SIGTERM as a request that long work answers at its next step, having saved what is worth
// keeping.
#pragma once

namespace bertune::train {

// For its lifetime, the first SIGINT or SIGTERM sets the request; a second one ends the process at once. One
// guard may live within another.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

 private:
  void (*before_interrupt_)(int);
  void (*before_terminate_)(int);
};

bool interrupt_requested();

}  // namespace bertune::train
