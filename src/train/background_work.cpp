#include "train/background_work.h"

#include <limits>
#include <utility>

#include "core/thread_pool.h"

namespace bertune::train {

BackgroundWork::BackgroundWork(std::vector<std::int64_t> depths, std::function<void(std::size_t)> work)
    : depths_(std::move(depths)),
      work_(std::move(work)),
      reached_(std::numeric_limits<std::int64_t>::max()) {}

BackgroundWork::~BackgroundWork() { stop(); }

void BackgroundWork::reached(std::int64_t depth) {
  if (depths_.empty() || depth > depths_.front()) return;
  {
    const std::lock_guard lock(mutex_);
    reached_ = depth;
  }
  changed_.notify_one();
  if (!thread_.joinable()) thread_ = std::thread([this] { work_while_possible(); });
}

void BackgroundWork::finish() {
  stop();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  for (; next_ < depths_.size(); ++next_) work_(next_);
}

// The pool of the thread that computes is left to it.
void BackgroundWork::work_while_possible() {
  try {
    ThreadPool alone(1);
    const ThreadPool::Use use(alone);
    for (; next_ < depths_.size(); ++next_) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stops_ || reached_ <= depths_[next_]; });
        if (stops_) return;
      }
      work_(next_);
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void BackgroundWork::stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace bertune::train
