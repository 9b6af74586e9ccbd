#include "cli/screen/server_signals.h"

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace bertune::cli {
namespace {

sem_t arrived;
std::atomic<int> stops{0}, reloads{0};

// A handler may post a semaphore, and do little else.
extern "C" void note_server_signal(int number) {
  const int before = errno;
  ++(number == SIGHUP ? reloads : stops);
  ::sem_post(&arrived);
  errno = before;
}

}  // namespace

ServerSignals::ServerSignals() {
  stops = 0, reloads = 0;
  ::sem_init(&arrived, 0, 0);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction action {};
    action.sa_handler = note_server_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, nullptr);
  }
}

ServerSignals::~ServerSignals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) std::signal(number, SIG_DFL);
}

ServerSignals::Kind ServerSignals::wait() {
  while (true) {
    while (::sem_wait(&arrived) != 0) {  // a signal arrived on this thread
    }
    if (stops > 0) return Kind::stop;
    if (reloads.exchange(0) > 0) return Kind::reload;
  }
}

bool ServerSignals::stops_again() const { return stops > 1; }

}  // namespace bertune::cli
