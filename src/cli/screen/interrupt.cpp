#include "cli/screen/interrupt.h"

#include <semaphore.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

namespace bertune::cli {
namespace {

sem_t signals;

// The signals that ask a program to end: Ctrl-C, kill, and a terminal that was closed.
constexpr std::array kStops = {SIGINT, SIGTERM, SIGHUP};

// A handler may not call request_stop(), which locks, but may post a semaphore.
extern "C" void note_signal(int) {
  const int before = errno;
  for (const int signal : kStops)
    if (std::signal(signal, SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
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
    for (std::size_t i = 0; i < kStops.size(); ++i) {
      before_[i] = std::signal(kStops[i], note_signal);
      if (kStops[i] == SIGHUP && before_[i] == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
    }
    current = this;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    current = nullptr;
    for (std::size_t i = 0; i < kStops.size(); ++i) std::signal(kStops[i], before_[i]);
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
  std::array<void (*)(int), kStops.size()> before_ = {};
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
