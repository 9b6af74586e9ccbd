#include "core/parallel.h"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/aligned_buffer.h"

namespace bertune {
namespace {

// The CPU share that a container is given ("200000 100000" is two CPUs), or a large number where there is no
// limit.
int cgroup_cpu_limit() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 1 << 16;
  const double cpus = std::strtod(quota.c_str(), nullptr) / period;
  return std::max(1, static_cast<int>(cpus + 0.999));
}

std::atomic<int> chosen_threads{0};
thread_local bool runs_a_body = false;

// The CPUs of the process as it started: pin_threads() narrows those of its threads.
const cpu_set_t& allowed_cpus() {
  static const cpu_set_t kAllowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) {
      for (int cpu = 0; cpu < omp_get_num_procs(); ++cpu) CPU_SET(cpu, &set);
    }
    return set;
  }();
  return kAllowed;
}

// Lets the first exception out of a parallel region, where none may pass.
class FirstException {
 public:
  template <typename Function>
  void guard(const Function& function) {
    try {
      function();
    } catch (...) {
      if (!taken_.exchange(true)) exception_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::atomic<bool> taken_{false};
  std::exception_ptr exception_;
};

}  // namespace

int available_threads() { return std::max(1, std::min(CPU_COUNT(&allowed_cpus()), cgroup_cpu_limit())); }

bool in_parallel() { return runs_a_body || omp_in_parallel() != 0; }

void set_num_threads(int threads) {
  chosen_threads = threads > 0 ? threads : available_threads();
  omp_set_num_threads(chosen_threads);
}

int num_threads() {
  if (chosen_threads == 0) set_num_threads(0);
  return chosen_threads;
}

int pin_threads() {
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed_cpus())) cpus.push_back(cpu);
  }
  const int threads = num_threads();
  if (cpus.empty() || threads > static_cast<int>(cpus.size()))
    return 0;  // two on one CPU would be worse than none bound
  std::atomic<int> bound{0};
#pragma omp parallel num_threads(threads)
  {
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpus[static_cast<std::size_t>(omp_get_thread_num())], &own);
    if (::sched_setaffinity(0, sizeof own, &own) == 0) ++bound;
  }
  return bound;
}

float* thread_scratch(std::int64_t floats, ScratchUse use) {
  thread_local std::array<AlignedBuffer<float>, 3> buffers;
  AlignedBuffer<float>& buffer = buffers[static_cast<std::size_t>(use)];
  if (buffer.size() < static_cast<std::size_t>(floats))
    buffer = AlignedBuffer<float>(static_cast<std::size_t>(floats));
  return buffer.data();
}

namespace detail {

void run_blocks(std::int64_t blocks, const void* body, BlockFunction call) {
  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), blocks));
  if (threads <= 1 || in_parallel()) {
    for (std::int64_t block = 0; block < blocks; ++block) call(body, block);
    return;
  }
  FirstException failure;
  const auto run = [&](std::int64_t block) {
    runs_a_body = true;
    failure.guard([&] { call(body, block); });
    runs_a_body = false;
  };
#ifdef BERTUNE_STD_THREADS  // ThreadSanitizer cannot see libgomp's synchronisation
  std::atomic<std::int64_t> next{0};
  std::vector<std::jthread> workers;
  for (int thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&] {
      for (std::int64_t block = next++; block < blocks; block = next++) run(block);
    });
  }
  workers.clear();
#else
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (std::int64_t block = 0; block < blocks; ++block) run(block);
#endif
  failure.rethrow();
}

}  // namespace detail
}  // namespace bertune
