// The one owner of compute: takes rows of calls in small batches, without waiting for more to come. Calls
// that ask for explanations wait apart, and predictions are computed between the passes of one.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/call.h"
#include "serve/metrics.h"
#include "serve/queue.h"

namespace bertune::serve {

struct SchedulerOptions {
  std::chrono::milliseconds max_batch{50};  // what a batch may take, by measured throughput
  std::int64_t max_queue_tokens = 65536;
};

class Scheduler {
 public:
  using Finished = std::function<void(std::shared_ptr<Call>)>;

  Scheduler(const SchedulerOptions& options, Metrics& metrics, Finished finished);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();  // what waits is given up

  // Returns whether a request of so many bytes would be done in time, as far as its size tells.
  bool has_room(std::size_t bytes, Clock::time_point deadline) const;
  // The same; true: the room is kept for the call, until it is offered or released.
  bool reserve(Call& call, std::size_t bytes);
  void release(Call& call);

  // Takes a call whose rows are ready. False: the queue is full, or deadlines would be missed.
  bool offer(const std::shared_ptr<Call>& call);
  bool could_take(const Call& call) const;  // Queue's
  std::int64_t queued_tokens() const;
  std::int64_t explanation_tokens() const;
  // Seconds until what waits now is computed; with `explains`, explanations too.
  double wait(bool explains = false) const;

 private:
  using Seconds = Queue::Seconds;

  void run();
  bool predict_next();
  void explain_next();
  bool explain(const std::shared_ptr<Call>& call, Row& row);
  void predict_between(Call& call, Seconds last_pass);
  Queue& queue_of(const Call& call) { return call.explainer ? explanations_ : queue_; }
  void finish(std::shared_ptr<Call> call);
  void compute(const std::vector<Taken>& batch, Clock::time_point begin);
  std::int64_t tokens_of(std::size_t bytes) const;
  bool has_room_now(std::size_t bytes, Clock::time_point deadline) const;

  const SchedulerOptions options_;
  Metrics& metrics_;
  Finished finished_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  Queue queue_, explanations_;
  Seconds predicted_{};  // since there last was an explanation's turn
  std::int64_t reserved_tokens_ = 0;
  std::array<double, 32> seen_tokens_{};  // of requests lately, by the class of their size; 0: none was seen
  double speed_ = 0;                      // tokens a second of the last model that computed
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace bertune::serve
