#include "serve/scheduler.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "bertune/error.h"
#include "bertune/threads.h"
#include "core/thread_pool.h"
#include "serve/priority.h"

namespace bertune::serve {
namespace {

// Bodies of a class have the same size but for a factor of two.
std::size_t size_class(std::size_t bytes) { return std::min<std::size_t>(std::bit_width(bytes), 31); }

// Passes of an explanation are counted one by one, and bounded by the deadline before this.
constexpr std::int64_t kPasses = 64;
// Predictions have this many times the time of explanations where both wait.
constexpr double kShare = 4;
constexpr double kTurn = 0.05;  // seconds, about a pass of an explanation

double speed_of(const Call& call) { return call.model->tokens_per_second(); }

struct Stopped {};

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
    : options_(options),
      metrics_(metrics),
      finished_(std::move(finished)),
      queue_(options.max_queue_tokens, speed_of),
      explanations_(kPasses * options.max_queue_tokens, speed_of),
      thread_([this] { run(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

double Scheduler::wait(bool explains) const {
  const std::lock_guard lock(mutex_);
  return (queue_.work() + (explains ? explanations_.work() : Seconds())).count();
}

std::int64_t Scheduler::explanation_tokens() const {
  const std::lock_guard lock(mutex_);
  return explanations_.tokens();
}

std::int64_t Scheduler::queued_tokens() const {
  const std::lock_guard lock(mutex_);
  return queue_.tokens();
}

// A guess that is too low costs little, for offer() knows better; one that is too high refuses a request
// that has room.
std::int64_t Scheduler::tokens_of(std::size_t bytes) const {
  constexpr std::int64_t kUnseen = 128;
  const double seen = seen_tokens_[size_class(bytes)];
  if (seen > 0) return static_cast<std::int64_t>(seen);
  return std::min(kUnseen, 1 + static_cast<std::int64_t>(bytes / 4));
}

bool Scheduler::has_room_now(std::size_t bytes, Clock::time_point deadline) const {
  if (queue_.empty() && reserved_tokens_ == 0) return true;  // whoever reads it will know
  const std::int64_t tokens = reserved_tokens_ + tokens_of(bytes);
  const Queue::Seconds work(speed_ > 0 ? static_cast<double>(tokens) / speed_ : 0);
  return queue_.has_room(tokens, work, deadline, Clock::now());
}

bool Scheduler::has_room(std::size_t bytes, Clock::time_point deadline) const {
  const std::lock_guard lock(mutex_);
  return has_room_now(bytes, deadline);
}

bool Scheduler::reserve(Call& call, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!has_room_now(bytes, call.deadline)) return false;
  call.bytes = bytes, call.reserved_tokens = tokens_of(bytes);
  reserved_tokens_ += call.reserved_tokens;
  return true;
}

void Scheduler::release(Call& call) {
  const std::lock_guard lock(mutex_);
  reserved_tokens_ -= std::exchange(call.reserved_tokens, 0);
}

bool Scheduler::could_take(const Call& call) const {
  const std::lock_guard lock(mutex_);
  const Queue& queue = call.explainer ? explanations_ : queue_;
  return queue.could_take(call, Clock::now());
}

bool Scheduler::offer(const std::shared_ptr<Call>& call) {
  constexpr double kNew = 0.1;  // of the newest request
  const Clock::time_point now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    reserved_tokens_ -= std::exchange(call->reserved_tokens, 0);
    if (!call->explainer) {
      const auto tokens = static_cast<double>(call->queued_tokens);
      double& seen = seen_tokens_[size_class(call->bytes)];
      seen += (seen > 0 ? kNew : 1) * (tokens - seen);
    }
    if (speed_ == 0) speed_ = call->model->tokens_per_second();
    if (!queue_of(*call).offer(call, now)) return false;
    call->queued_at = now;
  }
  arrived_.notify_one();
  return true;
}

void Scheduler::compute(const std::vector<Taken>& batch, Clock::time_point begin) {
  const ServedModel& model = *batch.front().call->model;
  const Predictor& predictor = batch.front().call->predictor();
  std::vector<Input> inputs;
  std::int64_t tokens = 0;
  for (const Taken& taken : batch) {
    inputs.push_back(taken.call->rows[taken.row].input);
    tokens += taken.call->rows[taken.row].size.tokens;
    if (!taken.call->begun_at) taken.call->begun_at = begin;
  }
  metrics_.note_batch(batch.size(), tokens);
  try {
    std::vector<Prediction> predictions = predictor.predict(inputs);
    for (std::size_t i = 0; i < batch.size(); ++i)
      answer(batch[i].call->rows[batch[i].row], std::move(predictions[i]));
  } catch (const std::exception&) {  // one row is at fault, and fails alone
    for (const Taken& taken : batch) answer_alone(predictor, taken.call->rows[taken.row]);
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  model.note_speed(tokens, took.count());
  metrics_.note_compute(took.count());
  const std::lock_guard lock(mutex_);
  speed_ = model.tokens_per_second();
}

void Scheduler::finish(std::shared_ptr<Call> call) {
  const Clock::time_point now = Clock::now();
  call->queueing = call->begun_at.value_or(now) - *call->queued_at;
  call->computing = now - call->begun_at.value_or(now);
  finished_(std::move(call));
}

// Computes a batch of predictions. False: none waits.
bool Scheduler::predict_next() {
  const Clock::time_point begin = Clock::now();
  std::vector<std::shared_ptr<Call>> done;
  std::vector<Taken> batch;
  {
    const std::lock_guard lock(mutex_);
    if (stops_ || queue_.empty()) return false;
    done = queue_.drop(begin);
    if (!queue_.empty()) batch = queue_.take(begin, options_.max_batch);
  }
  if (!batch.empty()) compute(batch, begin);
  for (const Taken& taken : batch)
    if (--taken.call->open == 0) done.push_back(taken.call);
  batch.clear();
  predicted_ += Clock::now() - begin;
  for (std::shared_ptr<Call>& call : done) finish(std::move(call));
  return true;
}

// This is called between the passes of an explanation, which is given up where nobody waits for it any more.
void Scheduler::predict_between(Call& call, Seconds last_pass) {
  for (predicted_ = {}; predicted_ < kShare * last_pass && predict_next();) {
  }
  const bool is_gone = call.exchange->is_gone();
  if (is_gone) throw Refusal{499, "Dropped", "the client has left"};
  if (Clock::now() >= call.deadline)
    throw Refusal{504, "Timeout", "the deadline passed before there was an explanation"};
  const std::lock_guard lock(mutex_);
  if (stops_) throw Stopped();
}

// False: the call has ended with it.
bool Scheduler::explain(const std::shared_ptr<Call>& call, Row& row) {
  Clock::time_point last = Clock::now();
  Seconds own{};
  const auto between = [&] {
    const Seconds pass = Clock::now() - last;
    own += pass;
    predict_between(*call, pass);
    last = Clock::now();
  };
  try {
    Explanation why = call->explainer->explain(row.input, between);
    answer(row, why.prediction);
    row.explanation = std::move(why);
  } catch (const Refusal& refusal) {
    call->refusal = refusal;
    return false;
  } catch (const Error& error) {
    row.refusal = Refusal{422, "Validation", error.what()};
  } catch (const std::exception&) {
    row.refusal = Refusal{500, "Backend", "it could not be explained; is there too little memory?"};
  }
  own += Clock::now() - last;
  metrics_.note_explanation(row.words, own.count());
  return true;
}

void Scheduler::explain_next() {
  const Clock::time_point begin = Clock::now();
  std::vector<std::shared_ptr<Call>> done;
  std::vector<Taken> rows;
  {
    const std::lock_guard lock(mutex_);
    done = explanations_.drop(begin);
    if (!explanations_.empty()) rows = explanations_.take(begin, Seconds());
  }
  for (const Taken& taken : rows) {
    if (!taken.call->begun_at) taken.call->begun_at = begin;
    const bool goes_on = explain(taken.call, taken.call->rows[taken.row]);
    if (goes_on && --taken.call->open > 0) continue;
    const std::lock_guard lock(mutex_);
    explanations_.remove(taken.call);
    done.push_back(taken.call);
    if (!goes_on) break;
  }
  predicted_ = {};
  for (std::shared_ptr<Call>& call : done) finish(std::move(call));
}

void Scheduler::run() try {
  yield_to_network();
  ThreadPool pool(num_threads());  // whose threads yield as this one does
  const ThreadPool::Use use(pool);
  while (true) {
    bool may_explain = false;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stops_ || !queue_.empty() || !explanations_.empty(); });
      if (stops_) return;
      may_explain = !explanations_.empty() && (queue_.empty() || predicted_.count() > kShare * kTurn);
    }
    if (may_explain) {
      explain_next();
    } else {
      predict_next();
    }
  }
} catch (const Stopped&) {
}

}  // namespace bertune::serve
