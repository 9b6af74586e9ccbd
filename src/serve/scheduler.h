// The one owner of compute: takes rows of calls in small batches, without waiting for more to come.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/call.h"
#include "serve/metrics.h"

namespace bertune::serve {

struct SchedulerOptions {
  std::chrono::milliseconds max_batch{50};  // what a batch may take, by measured throughput
  std::int64_t max_queue_tokens = 65536;
};

// A batch is what waits, oldest first, up to the tokens that take `max_batch`, and at least one row. A call
// of many rows gives one row at a time and then waits behind the others, so that single texts overtake it.
class Scheduler {
 public:
  using Finished = std::function<void(std::shared_ptr<Call>)>;

  Scheduler(const SchedulerOptions& options, Metrics& metrics, Finished finished);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();  // what waits is given up

  // Takes a call whose rows are ready. False: the queue is full, or it would not be done before its deadline.
  bool offer(const std::shared_ptr<Call>& call);
  bool is_full() const;
  std::int64_t queued_tokens() const;
  // Seconds until what waits now is computed.
  double wait() const;

 private:
  struct Taken {
    std::shared_ptr<Call> call;
    std::size_t row;
  };

  void run();
  void drop_late(std::vector<std::shared_ptr<Call>>& late);
  std::vector<Taken> take_batch();
  void compute(const std::vector<Taken>& batch);
  void forget(const Call& call);  // its rows that wait
  double wait_of(std::int64_t tokens) const;

  const SchedulerOptions options_;
  Metrics& metrics_;
  Finished finished_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<Call>> queue_;
  std::int64_t queued_tokens_ = 0;
  double speed_ = 0;  // tokens a second of the last model that computed
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace bertune::serve
