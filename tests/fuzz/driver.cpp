// What libFuzzer calls. A target's program is fuzz_ and the target's name.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "fuzz/target.h"

namespace {

const bertune::fuzz::Target* fuzzed = nullptr;

// Ends the process, as libFuzzer's own -timeout does, for an input that takes too much of the processors'
// time: on a busy machine the clock on the wall would blame inputs that waited for others.
class TimeLimit {
 public:
  TimeLimit() {
    struct sigaction action {};
    action.sa_handler = [](int) {
      constexpr std::string_view kWhy = "the input takes more than ten seconds of the processors' time\n";
      static_cast<void>(!::write(STDERR_FILENO, kWhy.data(), kWhy.size()));
      std::abort();  // libFuzzer keeps the input
    };
    ::sigaction(SIGXCPU, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGXCPU;
    if (::timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer_) != 0) std::abort();
  }
  void set(time_t seconds) const {
    const itimerspec limit{{}, {seconds, 0}};
    ::timer_settime(timer_, 0, &limit, nullptr);
  }

 private:
  timer_t timer_;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char*** arguments) {
  const std::string program = std::filesystem::path((*arguments)[0]).filename();
  fuzzed = &bertune::fuzz::target(program.substr(std::string_view("fuzz_").size()));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TimeLimit limit;
  limit.set(10);
  bertune::fuzz::refusal(*fuzzed, {reinterpret_cast<const char*>(data), size});
  limit.set(0);
  return 0;
}
