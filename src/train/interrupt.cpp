#include "train/interrupt.h"

#include <csignal>

namespace bertune::train {
namespace {

volatile std::sig_atomic_t requested = 0;

extern "C" void request_interrupt(int signal) {
  requested = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  requested = 0;
  before_interrupt_ = std::signal(SIGINT, request_interrupt);
  before_terminate_ = std::signal(SIGTERM, request_interrupt);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, before_interrupt_);
  std::signal(SIGTERM, before_terminate_);
}

bool interrupt_requested() { return requested != 0; }

}  // namespace bertune::train
