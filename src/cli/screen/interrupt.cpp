#include "cli/screen/interrupt.h"

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

namespace bertune::cli {
namespace {

sem_t signals;

// A handler may not call request_stop(), which locks, but may post a semaphore.
extern "C" void note_signal(int) {
  const int before = errno;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  ::sem_post(&signals);
  errno = before;
}

}  // namespace

class InterruptGuard::Watch {
 public:
  static inline Watch* current = nullptr;

  Watch() {
    ::sem_init(&signals, 0, 0);
    thread_ = std::thread([this] { pass_on(); });
    before_interrupt_ = std::signal(SIGINT, note_signal);
    before_terminate_ = std::signal(SIGTERM, note_signal);
    current = this;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    current = nullptr;
    std::signal(SIGINT, before_interrupt_);
    std::signal(SIGTERM, before_terminate_);
    ends_ = true;
    ::sem_post(&signals);
    thread_.join();
  }

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void pass_on() {
    while (::sem_wait(&signals) != 0) {  // a signal arrived on this thread
    }
    if (!ends_) stop_.request_stop();
  }

  std::stop_source stop_;
  std::atomic<bool> ends_{false};
  std::thread thread_;
  void (*before_interrupt_)(int) = nullptr;
  void (*before_terminate_)(int) = nullptr;
};

InterruptGuard::InterruptGuard() {
  if (Watch::current == nullptr) watch_ = std::make_unique<Watch>();
}

InterruptGuard::~InterruptGuard() = default;

std::stop_token interrupt_token() {
  return InterruptGuard::Watch::current == nullptr ? std::stop_token()
                                                   : InterruptGuard::Watch::current->token();
}

}  // namespace bertune::cli
