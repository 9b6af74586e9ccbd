// The schedules that follow a metric: PyTorch's ReduceLROnPlateau and Transformers' GreedyLR.
#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

#include "bertune/error.h"
#include "optim/schedule_kind.h"

namespace bertune::optim {
namespace {

struct Threshold {
  std::string mode = "min";
  double threshold = 1e-4;
  std::string threshold_mode = "rel";

  bool is_better(double value, double best) const {
    const double sign = mode == "min" ? -1 : 1;
    if (std::isinf(best)) return std::isfinite(value);
    return sign * value >
           sign * (threshold_mode == "rel" ? best * (1 + sign * threshold) : best + sign * threshold);
  }
};

struct Plateau : Threshold {
  double factor = 0.1;
  std::int64_t patience = 10, cooldown = 0;
  double min_lr = 0, eps = 1e-8;
};

struct Greedy : Threshold {
  Greedy() {
    threshold = 1e-6;
    threshold_mode = "abs";
  }
  double factor = 0.95;
  std::int64_t patience = 10, cooldown = 0, warmup = 0;
  double min_lr = 1e-3, max_lr = 1, eps = 1e-8;
  bool smooth = false;
  std::int64_t window_size = 50, reset_start = 500;
};

template <typename Options>
std::vector<Field<Options>> common_fields(std::vector<Field<Options>> more) {
  std::vector<Field<Options>> all = {
      {"mode", &Options::mode, kAny, {"min", "max"}},
      {"threshold", &Options::threshold, kAtLeast0},
      {"threshold_mode", &Options::threshold_mode, kAny, {"rel", "abs"}},
      {"factor", &Options::factor, {.min = 0, .max = 1, .includes_min = false, .includes_max = false}},
      {"patience", &Options::patience, kAtLeast0},
      {"cooldown", &Options::cooldown, kAtLeast0},
      {"min_lr", &Options::min_lr, kAtLeast0},
      {"eps", &Options::eps, kAtLeast0}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// A schedule whose whole memory is a few numbers: `numbers_`, saved as they are.
class FollowsMetric : public Schedule {
 public:
  double learning_rate(std::int64_t) const override { return rate_; }
  bool follows_metric() const override { return true; }

 protected:
  explicit FollowsMetric(double rate) : rate_(rate) {}
  // The best so far is not there before the first evaluation, and infinity has no place in JSON.
  static constexpr double kNone = HUGE_VAL;

  double rate_, best_ = kNone;
};

class ReduceOnPlateau final : public FollowsMetric {
 public:
  ReduceOnPlateau(const ScheduleSpan& span, Plateau options)
      : FollowsMetric(span.learning_rate), o_(std::move(options)) {}

  void observe(double metric) override {
    if (o_.is_better(metric, best_)) {
      best_ = metric;
      bad_ = 0;
    } else {
      ++bad_;
    }
    if (cooldown_ > 0) {
      --cooldown_;
      bad_ = 0;
    }
    if (bad_ <= static_cast<double>(o_.patience)) return;
    const double reduced = std::max(rate_ * o_.factor, o_.min_lr);
    if (rate_ - reduced > o_.eps) rate_ = reduced;
    cooldown_ = static_cast<double>(o_.cooldown);
    bad_ = 0;
  }

  std::vector<double> state() const override {
    std::vector<double> numbers = {rate_, bad_, cooldown_};
    if (best_ != kNone) numbers.push_back(best_);
    return numbers;
  }
  void restore(std::span<const double> state) override {
    if (state.size() != 3 && state.size() != 4) return Schedule::restore(state);
    rate_ = state[0], bad_ = state[1], cooldown_ = state[2];
    best_ = state.size() == 4 ? state[3] : kNone;
  }

 private:
  Plateau o_;
  double bad_ = 0, cooldown_ = 0;  // evaluations
};

// Lowers the rate while the metric does not improve, and raises it while it does (arXiv 2512.14527).
class GreedyRate final : public FollowsMetric {
 public:
  GreedyRate(const ScheduleSpan& span, Greedy options)
      : FollowsMetric(span.learning_rate),
        o_(std::move(options)),
        first_rate_(span.learning_rate),
        until_reset_(static_cast<double>(o_.reset_start)) {}

  void observe(double metric) override {
    if (o_.smooth) metric = smoothed(metric);
    if (cooldown_ > 0 || warmup_ > 0) {
      --(cooldown_ > 0 ? cooldown_ : warmup_);
      good_ = bad_ = 0;
      return;
    }
    if (o_.is_better(metric, best_)) {
      best_ = metric;
      ++good_, bad_ = 0;
    } else {
      ++bad_, good_ = 0;
    }
    if (good_ > static_cast<double>(o_.patience)) {
      increase();
    } else if (bad_ > static_cast<double>(o_.patience)) {
      reduce();
    }
  }

  std::vector<double> state() const override {
    std::vector<double> numbers = {rate_,
                                   good_,
                                   bad_,
                                   cooldown_,
                                   warmup_,
                                   until_reset_,
                                   best_ == kNone ? 0.0 : 1.0,
                                   best_ == kNone ? 0.0 : best_,
                                   window_sum_};
    numbers.insert(numbers.end(), window_.begin(), window_.end());
    return numbers;
  }
  void restore(std::span<const double> state) override {
    constexpr std::size_t kFixed = 9;
    if (state.size() < kFixed) return Schedule::restore(state);
    rate_ = state[0], good_ = state[1], bad_ = state[2], cooldown_ = state[3], warmup_ = state[4];
    until_reset_ = state[5], best_ = state[6] != 0 ? state[7] : kNone, window_sum_ = state[8];
    window_.assign(state.begin() + kFixed, state.end());
  }

 private:
  double smoothed(double metric) {
    window_.push_back(metric);
    window_sum_ += metric;
    if (window_.size() > static_cast<std::size_t>(o_.window_size)) {
      window_sum_ -= window_.front();
      window_.pop_front();
    }
    return window_sum_ / static_cast<double>(window_.size());
  }

  void increase() {
    const double raised = std::min(rate_ / o_.factor, o_.max_lr);
    if (raised - rate_ > o_.eps) rate_ = raised;
    until_reset_ = static_cast<double>(o_.reset_start);
    warmup_ = static_cast<double>(o_.warmup);
    good_ = 0;
  }

  void reduce() {
    const double reduced = std::max(rate_ * o_.factor, o_.min_lr);
    if (rate_ - reduced > o_.eps) rate_ = reduced;
    if (!(rate_ > o_.min_lr) && --until_reset_ <= 0) start_anew();
    cooldown_ = static_cast<double>(o_.cooldown);
    bad_ = 0;
  }

  void start_anew() {
    rate_ = first_rate_;
    best_ = kNone;
    good_ = bad_ = warmup_ = window_sum_ = 0;
    until_reset_ = static_cast<double>(o_.reset_start);
    window_.clear();
  }

  Greedy o_;
  double first_rate_;
  double good_ = 0, bad_ = 0, cooldown_ = 0, warmup_ = 0, until_reset_;  // evaluations
  std::deque<double> window_;
  double window_sum_ = 0;
};

}  // namespace

ScheduleKind describe_reduce_lr_on_plateau() {
  return describe_schedule<Plateau>(
      "reduce_lr_on_plateau", common_fields<Plateau>({}),
      [](const ScheduleSpan& span, const Plateau& o) { return std::make_unique<ReduceOnPlateau>(span, o); });
}

ScheduleKind describe_greedy() {
  return describe_schedule<Greedy>(
      "greedy",
      common_fields<Greedy>({{"warmup", &Greedy::warmup, kAtLeast0},
                             {"max_lr", &Greedy::max_lr, kAtLeast0},
                             {"smooth", &Greedy::smooth},
                             {"window_size", &Greedy::window_size, {.min = 1}},
                             {"reset_start", &Greedy::reset_start, kAtLeast0}}),
      [](const ScheduleSpan& span, const Greedy& o) { return std::make_unique<GreedyRate>(span, o); });
}

}  // namespace bertune::optim
