#include "serve/queue.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace bertune::serve {
namespace {

// Work may be promised for this share of the time until a deadline: it is estimated, and its answer has a way
// to go. Calls overtake others while all would be done within the other share.
constexpr double kPromised = 0.5, kSpared = 0.7;
// A call is due when it has waited for so many times its own work.
constexpr double kPatience = 2;

double seconds_until(Clock::time_point then, Clock::time_point now) {
  return Queue::Seconds(then - now).count();
}

// Rows of one batch are of one model with the same options, and all single texts or all pairs, with as many
// choices.
bool go_together(const Taken& left, const Taken& right) {
  const Input &a = left.call->rows[left.row].input, &b = right.call->rows[right.row].input;
  return left.call->model == right.call->model && left.call->own_predictor == right.call->own_predictor &&
         a.text_pair.has_value() == b.text_pair.has_value() && a.choices.size() == b.choices.size();
}

// Moves `next` past rows that need no answer. Returns whether there is one that does.
bool find_next(Call& call) {
  while (call.next < call.rows.size() && call.rows[call.next].refusal) ++call.next;
  return call.next < call.rows.size();
}

}  // namespace

double Queue::seconds_of(const Call& call, std::int64_t tokens) const {
  const double speed = speed_(call);
  return speed > 0 ? static_cast<double>(tokens) / speed : 0;
}

double Queue::running(Clock::time_point now) const { return std::max(0.0, seconds_until(busy_until_, now)); }

bool Queue::could_take(const Call& call, Clock::time_point now) const {
  if (2 * call.queued_tokens > max_tokens_) return false;
  // One row is tried in any case: an estimate that is too high would never be measured again.
  return call.open == 1 ||
         seconds_of(call, call.queued_tokens) <= kPromised * seconds_until(call.deadline, now);
}

bool Queue::has_room(std::int64_t tokens, Seconds work, Clock::time_point deadline,
                     Clock::time_point now) const {
  return tokens_ + tokens <= max_tokens_ &&
         running(now) + seconds_ + work.count() <= kPromised * seconds_until(deadline, now);
}

bool Queue::offer(const std::shared_ptr<Call>& call, Clock::time_point now) {
  const double seconds = seconds_of(*call, call->queued_tokens);
  const auto place = std::ranges::upper_bound(waiting_, call->deadline, std::less(),
                                              [](const Waiting& one) { return one.call->deadline; });
  const auto is_in_time = [&] {
    if (tokens_ + call->queued_tokens > max_tokens_) return false;
    double sum = running(now) + seconds;
    for (auto one = waiting_.begin(); one != place; ++one) sum += one->seconds;
    if (sum > kPromised * seconds_until(call->deadline, now)) return false;
    // Calls with later deadlines are delayed by it.
    return std::all_of(place, waiting_.end(), [&](const Waiting& one) {
      sum += one.seconds;
      return sum <= kPromised * seconds_until(one.call->deadline, now);
    });
  };
  if (!waiting_.empty() && !is_in_time()) return false;
  find_next(*call);
  const auto due = now + std::chrono::duration_cast<Clock::duration>(Seconds(kPatience * seconds));
  waiting_.insert(place, {call, call->queued_tokens, seconds, due});
  tokens_ += call->queued_tokens;
  seconds_ += seconds;
  return true;
}

std::vector<std::shared_ptr<Call>> Queue::drop(Clock::time_point now) {
  std::vector<std::shared_ptr<Call>> dropped;
  std::erase_if(waiting_, [&](const Waiting& one) {
    Call& call = *one.call;
    const bool is_gone = call.exchange->is_gone();
    if (!is_gone && now < call.deadline) return false;
    call.refusal = is_gone ? Refusal{499, "Dropped", "the client has left"}
                           : Refusal{504, "Timeout", "the deadline passed before there was an answer"};
    tokens_ -= one.tokens;
    seconds_ -= one.seconds;
    dropped.push_back(one.call);
    return true;
  });
  return dropped;
}

void Queue::remove(const std::shared_ptr<Call>& call) {
  std::erase_if(waiting_, [&](const Waiting& one) {
    if (one.call != call) return false;
    tokens_ -= one.tokens, seconds_ -= one.seconds;
    return true;
  });
}

// The least that any call has, were all computed in the order of their deadlines, at today's speed.
double Queue::time_to_spare(Clock::time_point now) {
  double least = std::numeric_limits<double>::infinity();
  seconds_ = 0;
  for (Waiting& one : waiting_) {
    one.seconds = seconds_of(*one.call, one.tokens);
    seconds_ += one.seconds;
    least = std::min(least, kSpared * seconds_until(one.call->deadline, now) - seconds_);
  }
  return least;
}

// False: the call has no row that is left, or that fits.
bool Queue::take_row(Waiting& from, Batch& batch) {
  Call& call = *from.call;
  if (batch.is_full || !find_next(call)) return false;
  const Taken taken{from.call, call.next};
  const std::int64_t tokens = call.rows[call.next].work();
  const double seconds = seconds_of(call, tokens);
  if (!batch.rows.empty()) {
    if (!go_together(batch.rows.front(), taken)) return false;
    batch.is_full = batch.seconds + seconds > batch.most;
    if (batch.is_full) return false;
  }
  batch.rows.push_back(taken);
  batch.seconds += seconds;
  ++call.next;
  from.tokens -= tokens, tokens_ -= tokens;
  from.seconds -= seconds, seconds_ -= seconds;
  return true;
}

std::vector<Taken> Queue::take(Clock::time_point now, Seconds most) {
  const double spare = time_to_spare(now);
  std::vector<Waiting*> order;
  for (Waiting& one : waiting_) order.push_back(&one);
  const Waiting& next = *std::ranges::min_element(waiting_, std::less(), &Waiting::due);
  const double row = seconds_of(*next.call, next.call->rows[next.call->next].work());
  // A call that overtakes delays others by a batch at most, and the next may do so again.
  if (spare > 2 * std::max(most.count(), row)) std::ranges::stable_sort(order, std::less(), &Waiting::due);
  Batch batch{most.count()};
  for (Waiting* one : order)
    while (take_row(*one, batch)) {
    }
  busy_until_ = now + std::chrono::duration_cast<Clock::duration>(Seconds(batch.seconds));
  std::erase_if(waiting_, [](const Waiting& one) { return !find_next(*one.call); });
  return std::move(batch.rows);
}

}  // namespace bertune::serve
