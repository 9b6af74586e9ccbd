#include "core/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <utility>

#include "bertune/threads.h"

namespace bertune {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

// Waking a thread takes longer than most waits within a step, which are of some microseconds. But a thread
// that spins takes time from whatever else wants its CPU, often from the thread that it waits for.
constexpr microseconds kShortSpin{10};
// A sleep that was this short means that the other thread has a CPU of its own. Then spinning is better than
// the next sleep, 20 to 50 microseconds of which are for waking.
constexpr microseconds kLongSpin{60}, kShortSleep{150};
constexpr int kPausesBetweenLooks = 8;  // at the clock

// Bits of the gate; those below count the workers inside.
constexpr std::uint32_t kOpen = 1U << 31, kOwnerSleeps = 1U << 30, kInside = kOwnerSleeps - 1;

thread_local ThreadPool* pool_in_use = nullptr;
thread_local bool runs_a_body = false;

std::atomic<std::uint64_t> forks{0};  // between the first process and this one

void count_forks() {
  static const int kOnce = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  (void)kOnce;
}

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word, int threads) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, threads, nullptr, nullptr, 0);
}

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until done(), but not beyond `end`. Returns whether it is.
template <typename Done>
bool spin_until(steady_clock::time_point end, const Done& done) {
  do {
    for (int i = 0; i < kPausesBetweenLooks; ++i) {
      pause();
      if (done()) return true;
    }
  } while (steady_clock::now() < end);
  return false;
}

void bind(std::thread& thread, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  ::pthread_setaffinity_np(thread.native_handle(), sizeof set, &set);
}

}  // namespace

ThreadPool::Waiting::Waiting(bool spins) : spin_(spins ? kShortSpin : microseconds::zero()) {}

template <typename Done, typename Sleep>
void ThreadPool::Waiting::until(const Done& done, const Sleep& sleep) {
  if (done()) return;
  if (spin_ == microseconds::zero()) return sleep();
  const steady_clock::time_point begin = steady_clock::now();
  if (spin_until(begin + spin_, done)) return;
  sleep();
  spin_ = steady_clock::now() - begin < kShortSleep ? kLongSpin : kShortSpin;
}

// Ownership of the pool, for one piece of work.
class ThreadPool::Ownership {
 public:
  explicit Ownership(ThreadPool& pool) : pool_(pool), held_(pool.acquire()) {}
  Ownership(const Ownership&) = delete;
  Ownership& operator=(const Ownership&) = delete;
  ~Ownership() {
    if (held_) pool_.owner_.fetch_sub(1, std::memory_order_release);
  }
  explicit operator bool() const { return held_; }

 private:
  ThreadPool& pool_;
  bool held_;
};

ThreadPool::ThreadPool(int threads, std::vector<int> cpus)
    : threads_(std::max(1, threads)),
      cpus_(std::move(cpus)),
      spins_(threads_ <= available_threads()),
      owner_waits_(spins_) {
  count_forks();
  owner_ = 2 * forks;
}

ThreadPool::~ThreadPool() {
  if (owner_ / 2 != forks) forget_workers();
  if (workers_ == nullptr) return;
  stopping_ = true;
  ++announcements_;
  futex_wake(announcements_, INT_MAX);
  for (std::thread& worker : *workers_) worker.join();
}

// An owner or workers of the process that this one was forked from do not exist here.
bool ThreadPool::acquire() {
  const std::uint64_t free = 2 * forks.load(std::memory_order_relaxed);
  std::uint64_t seen = owner_.load(std::memory_order_relaxed);
  if (seen == free + 1) return false;
  if (!owner_.compare_exchange_strong(seen, free + 1, std::memory_order_acquire)) return false;
  if (seen != free) forget_workers();
  if (workers_ == nullptr) start_workers();
  return true;
}

void ThreadPool::start_workers() {
  try {
    workers_ = std::make_unique<std::vector<std::thread>>();
    workers_->reserve(static_cast<std::size_t>(threads_ - 1));
    for (int i = 1; i < threads_; ++i) {
      workers_->emplace_back([this, announced = announcements_.load()] { work(announced); });
      if (!cpus_.empty()) bind(workers_->back(), cpus_[static_cast<std::size_t>(i)]);
    }
  } catch (const std::exception&) {  // no more threads are to be had
  }
}

// Handles of threads of another process can neither be joined nor detached.
void ThreadPool::forget_workers() {
  static_cast<void>(workers_.release());
  gate_ = 0;
  sleepers_ = 0;
}

void ThreadPool::work(std::uint32_t announced) {
  const Use use(*this);
  Waiting waiting(spins_);
  for (;;) {
    wait_for_announcement(announced, waiting);
    announced = announcements_.load(std::memory_order_acquire);
    if (stopping_) return;
    if (enter()) {
      take_blocks();
      leave();
    }
  }
}

void ThreadPool::wait_for_announcement(std::uint32_t announced, Waiting& waiting) {
  const auto done = [&] { return announcements_.load() != announced; };
  waiting.until(done, [&] {
    // Either run() sees a sleeper, or the sleeper sees the announcement.
    ++sleepers_;
    while (!done()) futex_wait(announcements_, announced);
    --sleepers_;
  });
}

// A worker that comes late finds the gate closed, and is not waited for.
bool ThreadPool::enter() {
  std::uint32_t state = gate_.load(std::memory_order_relaxed);
  while ((state & kOpen) != 0) {
    if (gate_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void ThreadPool::leave() {
  if (gate_.fetch_sub(1, std::memory_order_release) == (kOwnerSleeps | 1)) futex_wake(gate_, 1);
}

void ThreadPool::take_blocks() {
  runs_a_body = true;
  try {
    for (std::int64_t block = next_++; block < blocks_; block = next_++) call_(body_, block);
  } catch (...) {
    next_ = blocks_;
    if (!failed_.exchange(true)) exception_ = std::current_exception();
  }
  runs_a_body = false;
}

void ThreadPool::close() {
  gate_.fetch_and(~kOpen, std::memory_order_relaxed);
  const auto empty = [&] { return (gate_.load(std::memory_order_acquire) & kInside) == 0; };
  owner_waits_.until(empty, [&] {
    std::uint32_t state = gate_.fetch_or(kOwnerSleeps, std::memory_order_acquire) | kOwnerSleeps;
    while ((state & kInside) != 0) {
      futex_wait(gate_, state);
      state = gate_.load(std::memory_order_acquire);
    }
  });
}

void ThreadPool::run(std::int64_t blocks, const void* body, BlockFunction call) {
  const auto run_here = [&] {
    for (std::int64_t block = 0; block < blocks; ++block) call(body, block);
  };
  if (threads_ == 1 || blocks <= 1 || runs_a_body) return run_here();
  const Ownership ownership(*this);
  if (!ownership) return run_here();
  body_ = body, call_ = call, blocks_ = blocks;
  failed_ = false, exception_ = nullptr;
  next_ = 0;
  gate_.store(kOpen, std::memory_order_release);
  ++announcements_;
  if (sleepers_ > 0)
    futex_wake(announcements_, static_cast<int>(std::min<std::int64_t>(blocks - 1, INT_MAX)));
  take_blocks();
  close();
  if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
}

bool ThreadPool::in_body() { return runs_a_body; }

ThreadPool* ThreadPool::in_use() { return pool_in_use; }

ThreadPool::Use::Use(ThreadPool& pool) : before_(std::exchange(pool_in_use, &pool)) {}

ThreadPool::Use::~Use() { pool_in_use = before_; }

}  // namespace bertune
