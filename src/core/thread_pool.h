// Threads that share out the blocks of one piece of work at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

namespace bertune {

// A pool has a fixed number of threads, of which the caller of run() is one; the others are made at the first
// run() that needs them, and sleep when there is nothing to do. Any thread may call run() at any time:
// - a call from within a body runs its blocks on the calling thread, in order;
// - so does a call while the pool works for another caller: it does not wait;
// - after fork(), the child's copy of the pool makes threads of its own, whatever the parent's were doing;
// but
//   a child that was made in a body may not return from it.
// Threads that the system refuses to make are done without.
class ThreadPool {
 public:
  using BlockFunction = void (*)(const void* body, std::int64_t block);

  // `cpus` (none, or one per thread) are the CPUs that threads are bound to. The first is the caller's, which
  // binds itself where it wants to.
  explicit ThreadPool(int threads, std::vector<int> cpus = {});
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();  // nothing may run

  int threads() const { return threads_; }
  const std::vector<int>& cpus() const { return cpus_; }

  // Calls call(body, block) once for each block in [0, blocks), and returns when all are done. The first
  // exception that a block throws is rethrown here; blocks that have not begun by then are left out.
  void run(std::int64_t blocks, const void* body, BlockFunction call);

  // Returns whether the calling thread is in a body that several threads share.
  static bool in_body();

  // The pool that parallel_for takes on the calling thread, for the lifetime of this object.
  class Use {
   public:
    explicit Use(ThreadPool& pool);
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use();

   private:
    ThreadPool* before_;
  };
  // Returns that pool; null where none is in use.
  static ThreadPool* in_use();

 private:
  class Ownership;

  // Waits of one thread: it spins for a while, then sleeps. How long depends on what its last sleep was
  // worth.
  class Waiting {
   public:
    explicit Waiting(bool spins);
    // Returns when done(); sleep() ends then at the latest.
    template <typename Done, typename Sleep>
    void until(const Done& done, const Sleep& sleep);

   private:
    std::chrono::microseconds spin_;
  };

  bool acquire();
  void start_workers();
  void forget_workers();
  void work(std::uint32_t announced);
  void wait_for_announcement(std::uint32_t announced, Waiting& waiting);
  bool enter();
  void leave();
  void take_blocks();
  void close();

  const int threads_;
  const std::vector<int> cpus_;
  const bool spins_;
  Waiting owner_waits_;                                // of whoever owns the pool
  std::unique_ptr<std::vector<std::thread>> workers_;  // null until they are needed
  std::atomic<bool> stopping_{false};

  // The piece of work, written by the owner while the gate is closed and nobody is inside.
  const void* body_ = nullptr;
  BlockFunction call_ = nullptr;
  std::int64_t blocks_ = 0;
  std::exception_ptr exception_;
  std::atomic<bool> failed_{false};

  // Twice the number of forks before this process, plus one while somebody's work is done.
  alignas(64) std::atomic<std::uint64_t> owner_;
  alignas(64) std::atomic<std::int64_t> next_{0};            // the next block
  alignas(64) std::atomic<std::uint32_t> gate_{0};           // flags, and the number of workers inside
  alignas(64) std::atomic<std::uint32_t> announcements_{0};  // changes when there is work, or none any more
  std::atomic<int> sleepers_{0};
};

}  // namespace bertune
