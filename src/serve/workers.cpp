#include "serve/workers.h"

#include "core/thread_pool.h"
#include "serve/priority.h"

namespace bertune::serve {

Workers::Workers(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Workers::begin(Job job) {
  {
    const std::lock_guard lock(mutex_);
    first_.push_back(std::move(job));
  }
  arrived_.notify_one();
}

void Workers::finish(Job job) {
  {
    const std::lock_guard lock(mutex_);
    last_.push_back(std::move(job));
  }
  arrived_.notify_one();
}

std::size_t Workers::waiting() const {
  const std::lock_guard lock(mutex_);
  return first_.size();
}

void Workers::run() {
  yield_to_network();
  ThreadPool alone(1);  // the others are for the model
  const ThreadPool::Use use(alone);
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stops_ || !first_.empty() || !last_.empty(); });
    if (stops_) return;
    std::deque<Job>& jobs = last_.empty() ? first_ : last_;
    {
      const Job job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
    }
    lock.lock();
  }
}

}  // namespace bertune::serve
