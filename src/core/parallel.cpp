#include "core/parallel.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
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

// The CPUs of the process as it started: pin_threads() narrows those of its threads.
const cpu_set_t& allowed_cpus() {
  static const cpu_set_t kAllowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) {
      for (int cpu = 0; cpu < static_cast<int>(std::thread::hardware_concurrency()); ++cpu)
        CPU_SET(cpu, &set);
    }
    return set;
  }();
  return kAllowed;
}

bool bind_this_thread(int cpu) {
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(cpu, &own);
  return ::sched_setaffinity(0, sizeof own, &own) == 0;
}

// The pools that set_num_threads() and pin_threads() asked for. None is ever removed, for another thread may
// be at work in it.
struct SharedPool {
  ThreadPool pool;
  SharedPool* older;
};
std::atomic<SharedPool*> newest_pool{nullptr};
std::atomic<ThreadPool*> chosen_pool{nullptr};

// Locks nothing, which a process that is forked meanwhile would find locked.
void choose_pool(int threads, const std::vector<int>& cpus) {
  SharedPool* newest = newest_pool;
  for (SharedPool* shared = newest; shared != nullptr; shared = shared->older) {
    if (shared->pool.threads() == threads && shared->pool.cpus() == cpus) {
      chosen_pool = &shared->pool;
      return;
    }
  }
  auto* shared = new SharedPool{.pool = ThreadPool(threads, cpus), .older = newest};
  while (!newest_pool.compare_exchange_weak(shared->older, shared)) {
  }
  chosen_pool = &shared->pool;
}

ThreadPool& current_pool() {
  if (ThreadPool* pool = ThreadPool::in_use()) return *pool;
  if (chosen_pool == nullptr) set_num_threads(0);
  return *chosen_pool;
}

}  // namespace

int available_threads() { return std::max(1, std::min(CPU_COUNT(&allowed_cpus()), cgroup_cpu_limit())); }

bool in_parallel() { return ThreadPool::in_body(); }

void set_num_threads(int threads) { choose_pool(threads > 0 ? threads : available_threads(), {}); }

int num_threads() { return current_pool().threads(); }

int pin_threads() {
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed_cpus())) cpus.push_back(cpu);
  }
  if (chosen_pool == nullptr) set_num_threads(0);
  const auto threads = static_cast<std::size_t>(chosen_pool.load()->threads());
  if (threads > cpus.size()) return 0;  // two on one CPU would be worse than none bound
  cpus.resize(threads);
  choose_pool(static_cast<int>(threads), cpus);
  int bound = 0;
  for (std::size_t i = threads; i-- > 0;) bound += bind_this_thread(cpus[i]) ? 1 : 0;
  return bound;
}

void unpin_this_thread() { ::sched_setaffinity(0, sizeof(cpu_set_t), &allowed_cpus()); }

float* thread_scratch(std::int64_t floats, ScratchUse use) {
  thread_local std::array<AlignedBuffer<float>, 3> buffers;
  AlignedBuffer<float>& buffer = buffers[static_cast<std::size_t>(use)];
  if (buffer.size() < static_cast<std::size_t>(floats))
    buffer = AlignedBuffer<float>(static_cast<std::size_t>(floats));
  return buffer.data();
}

namespace detail {

void run_blocks(std::int64_t blocks, const void* body, ThreadPool::BlockFunction call) {
  current_pool().run(blocks, body, call);
}

}  // namespace detail
}  // namespace bertune
