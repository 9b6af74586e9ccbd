// A queue of what waits to be computed knows whose turn it is, and what would still be done in time. It has
// neither a thread nor a clock; its owner says what time it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "serve/call.h"

namespace bertune::serve {

struct Taken {
  std::shared_ptr<Call> call;
  std::size_t row;
};

// A call is taken in only if it, and all that wait already, would be done well before their deadlines. While
// each has time to spare, the call is next that has waited longest for what it asks, so that single texts
// overtake a call of many. When one has none, calls are computed in the order of their deadlines, which keeps
// all that can be kept.
class Queue {
 public:
  using Seconds = std::chrono::duration<double>;

  // `speed`: tokens a second, as measured, of the model that a call asks.
  Queue(std::int64_t max_tokens, std::function<double(const Call&)> speed)
      : max_tokens_(max_tokens), speed_(std::move(speed)) {}

  // Takes a call whose rows are ready. False: the queue is full, or deadlines would be missed.
  bool offer(const std::shared_ptr<Call>& call, Clock::time_point now);
  // Returns whether a call could be taken if nothing waited: not where it has more than half of the tokens
  // that may wait, or would miss its deadline alone.
  bool could_take(const Call& call, Clock::time_point now) const;
  // Returns whether there is room for so much work, to be done by a deadline that is later than all others.
  bool has_room(std::int64_t tokens, Seconds work, Clock::time_point deadline, Clock::time_point now) const;

  // Calls that nobody waits for, for their client has left or their deadline has passed, with their refusal.
  std::vector<std::shared_ptr<Call>> drop(Clock::time_point now);
  void remove(const std::shared_ptr<Call>& call);  // which may have none that waits
  // Rows to compute together, which take `most` or are one. The queue must not be empty.
  std::vector<Taken> take(Clock::time_point now, Seconds most);

  bool empty() const { return waiting_.empty(); }
  std::int64_t tokens() const { return tokens_; }
  Seconds work() const { return Seconds(seconds_); }  // of all that waits

 private:
  struct Waiting {
    std::shared_ptr<Call> call;
    std::int64_t tokens;    // of the rows that are left
    double seconds;         // which they take
    Clock::time_point due;  // the earliest is next
  };
  struct Batch {
    double most;
    std::vector<Taken> rows = {};
    double seconds = 0;
    bool is_full = false;
  };

  double seconds_of(const Call& call, std::int64_t tokens) const;
  double running(Clock::time_point now) const;
  double time_to_spare(Clock::time_point now);
  bool take_row(Waiting& from, Batch& batch);

  const std::int64_t max_tokens_;
  std::function<double(const Call&)> speed_;
  std::vector<Waiting> waiting_;  // by deadline
  std::int64_t tokens_ = 0;
  double seconds_ = 0;
  Clock::time_point busy_until_{};  // of what was taken last, as it is estimated
};

}  // namespace bertune::serve
