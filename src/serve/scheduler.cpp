#include "serve/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "core/stopwatch.h"

namespace bertune::serve {
namespace {

// Rows of one batch are of one model, and all single texts or all pairs, with as many choices.
bool go_together(const Call& left, std::size_t left_row, const Call& right, std::size_t right_row) {
  const Input &a = left.rows[left_row].input, &b = right.rows[right_row].input;
  return left.model == right.model && a.text_pair.has_value() == b.text_pair.has_value() &&
         a.choices.size() == b.choices.size();
}

// Moves `next` past rows that need no answer.
void skip_refused(Call& call) {
  while (call.next < call.rows.size() && call.rows[call.next].refusal) ++call.next;
}

void answer(Row& row, Prediction prediction) {
  if (is_finite(prediction)) {
    row.prediction = std::move(prediction);
  } else {
    row.refusal = Refusal{500, "Backend", "the model answered with what is no number"};
  }
}

void answer_alone(const Predictor& predictor, Row& row) {
  try {
    answer(row, predictor.predict(row.input));
  } catch (const Error& error) {
    row.refusal = Refusal{422, "Validation", error.what()};
  } catch (const std::exception&) {
    row.refusal = Refusal{500, "Backend", "it could not be computed; is there too little memory?"};
  }
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options, Metrics& metrics, Finished finished)
    : options_(options), metrics_(metrics), finished_(std::move(finished)), thread_([this] { run(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

double Scheduler::wait_of(std::int64_t tokens) const {
  return speed_ > 0 ? static_cast<double>(tokens) / speed_ : 0;
}

double Scheduler::wait() const {
  const std::lock_guard lock(mutex_);
  return wait_of(queued_tokens_);
}

std::int64_t Scheduler::queued_tokens() const {
  const std::lock_guard lock(mutex_);
  return queued_tokens_;
}

// The wait is an estimate, so it has to end well before the deadline.
bool Scheduler::is_in_time(std::int64_t tokens, std::chrono::duration<double> left) const {
  constexpr double kMargin = 0.8;
  return wait_of(tokens) <= kMargin * left.count();
}

bool Scheduler::has_room_for(const Call& call) const {
  if (2 * call.queued_tokens > options_.max_queue_tokens) return false;
  const std::chrono::duration<double> left = call.deadline - Clock::now();
  return static_cast<double>(call.queued_tokens) <= call.model->tokens_per_second() * left.count();
}

bool Scheduler::is_full(std::chrono::milliseconds deadline) const {
  const std::lock_guard lock(mutex_);
  return queued_tokens_ >= options_.max_queue_tokens || !is_in_time(queued_tokens_, deadline);
}

bool Scheduler::offer(const std::shared_ptr<Call>& call) {
  const Clock::time_point now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (speed_ == 0) speed_ = call->model->tokens_per_second();
    const std::int64_t tokens = queued_tokens_ + call->queued_tokens;
    if (queued_tokens_ > 0 &&
        (tokens > options_.max_queue_tokens || !is_in_time(tokens, call->deadline - now)))
      return false;
    queued_tokens_ = tokens;
    call->queued_at = now;
    queue_.push_back(call);
  }
  arrived_.notify_one();
  return true;
}

void Scheduler::forget(const Call& call) {
  for (std::size_t row = call.next; row < call.rows.size(); ++row)
    if (!call.rows[row].refusal) queued_tokens_ -= call.rows[row].size.tokens;
}

// Calls that nobody waits for any more cost nothing from here on.
void Scheduler::drop_late(std::vector<std::shared_ptr<Call>>& late) {
  const Clock::time_point now = Clock::now();
  std::erase_if(queue_, [&](const std::shared_ptr<Call>& call) {
    const bool is_gone = call->exchange->is_gone(), is_late = now >= call->deadline;
    if (!is_gone && !is_late) return false;
    forget(*call);
    call->refusal = is_gone ? Refusal{499, "Dropped", "the client has left"}
                            : Refusal{504, "Timeout", "the deadline passed before there was an answer"};
    late.push_back(call);
    return true;
  });
}

std::vector<Scheduler::Taken> Scheduler::take_batch() {
  std::vector<Taken> batch;
  std::deque<std::shared_ptr<Call>> passed, later;  // of other kinds; with rows that are left
  std::int64_t tokens = 0;
  const double budget =
      queue_.front()->model->tokens_per_second() * std::chrono::duration<double>(options_.max_batch).count();
  while (!queue_.empty()) {
    const std::shared_ptr<Call> call = queue_.front();
    skip_refused(*call);
    const std::int64_t size = call->rows[call->next].size.tokens;
    if (!batch.empty() && static_cast<double>(tokens + size) > budget) break;
    queue_.pop_front();
    if (!batch.empty() && !go_together(*batch.front().call, batch.front().row, *call, call->next)) {
      passed.push_back(call);
      continue;
    }
    batch.push_back({call, call->next++});
    tokens += size;
    skip_refused(*call);
    if (call->next < call->rows.size()) later.push_back(call);
    if (queue_.empty()) queue_.swap(later);
  }
  queue_.insert(queue_.begin(), passed.begin(), passed.end());
  queue_.insert(queue_.end(), later.begin(), later.end());
  queued_tokens_ -= tokens;
  metrics_.note_batch(batch.size(), tokens);
  return batch;
}

void Scheduler::compute(const std::vector<Taken>& batch) {
  const std::shared_ptr<const ServedModel> model = batch.front().call->model;
  std::vector<Input> inputs;
  std::int64_t tokens = 0;
  const Clock::time_point begin = Clock::now();
  for (const Taken& taken : batch) {
    inputs.push_back(taken.call->rows[taken.row].input);
    tokens += taken.call->rows[taken.row].size.tokens;
    if (!taken.call->begun_at) taken.call->begun_at = begin;
  }
  try {
    std::vector<Prediction> predictions = model->predictor().predict(inputs);
    for (std::size_t i = 0; i < batch.size(); ++i)
      answer(batch[i].call->rows[batch[i].row], std::move(predictions[i]));
  } catch (const std::exception&) {  // one row is at fault, and fails alone
    for (const Taken& taken : batch) answer_alone(model->predictor(), taken.call->rows[taken.row]);
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  model->note_speed(tokens, took.count());
  metrics_.note_compute(took.count());
  const std::lock_guard lock(mutex_);
  speed_ = model->tokens_per_second();
}

void Scheduler::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stops_ || !queue_.empty(); });
    if (stops_) return;
    std::vector<std::shared_ptr<Call>> done;
    drop_late(done);
    std::vector<Taken> batch;
    if (!queue_.empty()) batch = take_batch();
    lock.unlock();
    if (!batch.empty()) compute(batch);
    for (const Taken& taken : batch)
      if (--taken.call->open == 0) done.push_back(taken.call);
    batch.clear();
    for (std::shared_ptr<Call>& call : done) {
      const Clock::time_point now = Clock::now();
      call->queueing = call->begun_at.value_or(now) - *call->queued_at;
      call->computing = now - call->begun_at.value_or(now);
      finished_(std::move(call));
    }
    lock.lock();
  }
}

}  // namespace bertune::serve
