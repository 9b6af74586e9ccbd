#include "train/background_work.h"

#include <limits>
#include <system_error>
#include <utility>

#include "core/parallel.h"
#include "core/thread_pool.h"

namespace bertune::train {

BackgroundWork::BackgroundWork(std::vector<std::int64_t> depths, std::function<void(std::size_t)> work)
    : depths_(std::move(depths)),
      work_(std::move(work)),
      reached_(std::numeric_limits<std::int64_t>::max()) {}

BackgroundWork::~BackgroundWork() { stop(); }

void BackgroundWork::reached(std::int64_t depth) {
  if (depths_.empty() || depth > depths_.front()) return;
  bool failed = false;
  {
    const std::lock_guard lock(mutex_);
    reached_ = depth;
    failed = failure_ != nullptr;
  }
  if (failed) abandon();
  changed_.notify_one();
  if (!thread_.joinable() && depth > depths_.back()) start();
}

void BackgroundWork::finish() {
  abandon();
  for (; next_ < depths_.size(); ++next_) work_(next_);
}

void BackgroundWork::abandon() {
  stop();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

// The system may have no thread left: all is done in the end then.
void BackgroundWork::start() {
  try {
    thread_ = std::thread([this] { work_while_possible(); });
  } catch (const std::system_error&) {
  }
}

// The pool of the thread that computes is left to it, and so is the CPU that it may be bound to.
void BackgroundWork::work_while_possible() {
  try {
    unpin_this_thread();
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
    const std::lock_guard lock(mutex_);
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
