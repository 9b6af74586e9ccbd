// The schedules that follow from the number of the step (transformers/optimization.py).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bertune/error.h"
#include "optim/schedule_kind.h"

namespace bertune::optim {
namespace {

// The factor on the peak rate, for a step as a number.
using Factor = std::function<double(double step)>;

class ByStep final : public Schedule {
 public:
  ByStep(double peak, Factor factor) : peak_(peak), factor_(std::move(factor)) {}
  double learning_rate(std::int64_t step) const override {
    return peak_ * factor_(static_cast<double>(step));
  }

 private:
  double peak_;
  Factor factor_;
};

struct Steps {
  double warmup, total;
  explicit Steps(const ScheduleSpan& span)
      : warmup(static_cast<double>(span.warmup_steps)), total(static_cast<double>(span.total_steps)) {}
  double after_warmup() const { return std::max(1.0, total - warmup); }
  double progress(double step) const { return (step - warmup) / after_warmup(); }
};

std::unique_ptr<Schedule> by_step(const ScheduleSpan& span, Factor factor) {
  return std::make_unique<ByStep>(span.learning_rate, std::move(factor));
}
// The rate rises from zero, then goes by `then`.
std::unique_ptr<Schedule> warmed_up(const ScheduleSpan& span, Factor then) {
  return by_step(span, [warmup = Steps(span).warmup, then = std::move(then)](double step) {
    return step < warmup ? step / std::max(1.0, warmup) : then(step);
  });
}

double half_wave(double cycles) { return 0.5 * (1.0 + std::cos(std::numbers::pi * cycles)); }

struct None {};
struct Cosine {
  double num_cycles = 0.5;
};
struct CosineWithRestarts {
  std::int64_t num_cycles = 1;
};
struct Polynomial {
  double lr_end = 1e-7, power = 1;
};
struct InverseSqrt {
  std::optional<std::int64_t> timescale;
};
struct CosineWithMinLr {
  double num_cycles = 0.5;
  std::optional<double> min_lr, min_lr_rate, warmup_lr_rate;
};
struct WarmupStableDecay {
  std::optional<std::int64_t> num_decay_steps, num_stable_steps;
  std::string warmup_type = "linear", decay_type = "cosine";
  double min_lr_ratio = 0, num_cycles = 0.5;
};

std::unique_ptr<Schedule> polynomial(const ScheduleSpan& span, const Polynomial& o) {
  const double peak = span.learning_rate;
  if (!(peak > o.lr_end)) {
    throw UsageError(fmt::format("schedule polynomial: lr_end is {}; it must be below the learning rate, {}",
                                 o.lr_end, peak));
  }
  return warmed_up(span, [steps = Steps(span), o, peak](double step) {
    if (step > steps.total) return o.lr_end / peak;
    // There is nothing left to decay if the warm-up ends with the run (Transformers divides by zero).
    const double decay_steps = steps.total - steps.warmup;
    const double remaining = decay_steps > 0 ? 1 - (step - steps.warmup) / decay_steps : 1;
    return ((peak - o.lr_end) * std::pow(remaining, o.power) + o.lr_end) / peak;
  });
}

std::unique_ptr<Schedule> inverse_sqrt(const ScheduleSpan& span, const InverseSqrt& o) {
  constexpr std::int64_t kWithoutWarmup = 10'000;
  const auto timescale =
      static_cast<double>(o.timescale.value_or(span.warmup_steps > 0 ? span.warmup_steps : kWithoutWarmup));
  return warmed_up(span, [timescale, warmup = Steps(span).warmup](double step) {
    return 1 / std::sqrt((step + timescale - warmup) / timescale);
  });
}

double min_rate(const char* name, const ScheduleSpan& span, const CosineWithMinLr& o) {
  if (o.min_lr.has_value() == o.min_lr_rate.has_value())
    throw UsageError(fmt::format("schedule {} needs either min_lr or min_lr_rate", name));
  return o.min_lr ? *o.min_lr / span.learning_rate : *o.min_lr_rate;
}

std::unique_ptr<Schedule> cosine_with_min_lr(const ScheduleSpan& span, const CosineWithMinLr& o) {
  const double min_factor = min_rate("cosine_with_min_lr", span, o);
  return warmed_up(span, [steps = Steps(span), o, min_factor](double step) {
    const double factor = half_wave(o.num_cycles * 2 * steps.progress(step));
    return std::max(0.0, factor * (1 - min_factor) + min_factor);
  });
}

// This schedule counts the steps from 1, unlike the others, so that neither the first nor the last is lost.
std::unique_ptr<Schedule> cosine_warmup_with_min_lr(const ScheduleSpan& span, const CosineWithMinLr& o) {
  const double min_factor = min_rate("cosine_warmup_with_min_lr", span, o);
  return by_step(span, [steps = Steps(span), o, min_factor](double step) {
    if (step < steps.warmup) {
      if (!o.warmup_lr_rate) return (step + 1) / std::max(1.0, steps.warmup);
      return *o.warmup_lr_rate + (1 - *o.warmup_lr_rate) * step / std::max(1.0, steps.warmup - 1);
    }
    const double factor = half_wave(o.num_cycles * 2 * steps.progress(step + 1));
    return std::max(0.0, factor * (1 - min_factor) + min_factor);
  });
}

std::unique_ptr<Schedule> warmup_stable_decay(const ScheduleSpan& span, const WarmupStableDecay& o) {
  if (!o.num_decay_steps) throw UsageError("schedule warmup_stable_decay needs num_decay_steps");
  const auto decay = static_cast<double>(*o.num_decay_steps);
  const Steps steps(span);
  const double stable =
      o.num_stable_steps ? static_cast<double>(*o.num_stable_steps) : steps.total - steps.warmup - decay;
  return by_step(span, [steps, stable, decay, o](double step) {
    const auto scaled = [&](double factor) {
      return std::max(0.0, factor * (1 - o.min_lr_ratio) + o.min_lr_ratio);
    };
    if (step < steps.warmup) {
      const double progress = step / std::max(1.0, steps.warmup);
      if (o.warmup_type == "linear") return scaled(progress);
      if (o.warmup_type == "cosine") return scaled(1 - half_wave(progress));
      return scaled(1 - std::sqrt(1 - progress));
    }
    if (step < steps.warmup + stable) return 1.0;
    if (!(step < steps.warmup + stable + decay)) return o.min_lr_ratio;
    const double progress = (step - steps.warmup - stable) / std::max(1.0, decay);
    if (o.decay_type == "linear") return scaled(1 - progress);
    if (o.decay_type == "cosine") return scaled(half_wave(o.num_cycles * 2 * progress));
    return scaled(1 - std::sqrt(progress));
  });
}

std::vector<ScheduleKind> make_kinds() {
  const std::vector<std::string> kShapes = {"linear", "cosine", "1-sqrt"};
  const Field<CosineWithMinLr> kCycles{"num_cycles", &CosineWithMinLr::num_cycles},
      kMinLr{"min_lr", &CosineWithMinLr::min_lr, kAtLeast0},
      kMinLrRate{"min_lr_rate", &CosineWithMinLr::min_lr_rate, kShare};
  return {
      describe_schedule<None>("linear", {},
                              [](const ScheduleSpan& span, const None&) {
                                return warmed_up(span, [steps = Steps(span)](double step) {
                                  return std::max(0.0, (steps.total - step) / steps.after_warmup());
                                });
                              }),
      describe_schedule<Cosine>("cosine", {{"num_cycles", &Cosine::num_cycles}},
                                [](const ScheduleSpan& span, const Cosine& o) {
                                  return warmed_up(span, [steps = Steps(span), o](double step) {
                                    return std::max(0.0, half_wave(o.num_cycles * 2 * steps.progress(step)));
                                  });
                                }),
      describe_schedule<CosineWithRestarts>(
          "cosine_with_restarts", {{"num_cycles", &CosineWithRestarts::num_cycles, {.min = 1}}},
          [](const ScheduleSpan& span, const CosineWithRestarts& o) {
            return warmed_up(span, [steps = Steps(span), o](double step) {
              const double progress = steps.progress(step);
              if (progress >= 1) return 0.0;
              return std::max(0.0, half_wave(std::fmod(static_cast<double>(o.num_cycles) * progress, 1.0)));
            });
          }),
      describe_schedule<Polynomial>(
          "polynomial",
          {{"lr_end", &Polynomial::lr_end, kAtLeast0}, {"power", &Polynomial::power, kAtLeast0}}, polynomial),
      describe_schedule<None>(
          "constant", {},
          [](const ScheduleSpan& span, const None&) { return by_step(span, [](double) { return 1.0; }); }),
      describe_schedule<None>(
          "constant_with_warmup", {},
          [](const ScheduleSpan& span, const None&) { return warmed_up(span, [](double) { return 1.0; }); }),
      describe_schedule<InverseSqrt>("inverse_sqrt", {{"timescale", &InverseSqrt::timescale, {.min = 1}}},
                                     inverse_sqrt),
      describe_reduce_lr_on_plateau(),
      describe_schedule<CosineWithMinLr>("cosine_with_min_lr", {kCycles, kMinLr, kMinLrRate},
                                         cosine_with_min_lr),
      describe_schedule<CosineWithMinLr>(
          "cosine_warmup_with_min_lr",
          {kCycles, kMinLr, kMinLrRate, {"warmup_lr_rate", &CosineWithMinLr::warmup_lr_rate, kShare}},
          cosine_warmup_with_min_lr),
      describe_schedule<WarmupStableDecay>(
          "warmup_stable_decay",
          {{"num_decay_steps", &WarmupStableDecay::num_decay_steps, kAtLeast0},
           {"num_stable_steps", &WarmupStableDecay::num_stable_steps, kAtLeast0},
           {"warmup_type", &WarmupStableDecay::warmup_type, kAny, kShapes},
           {"decay_type", &WarmupStableDecay::decay_type, kAny, kShapes},
           {"min_lr_ratio", &WarmupStableDecay::min_lr_ratio, kShare},
           {"num_cycles", &WarmupStableDecay::num_cycles}},
          warmup_stable_decay),
      describe_greedy()};
}

}  // namespace

void Schedule::restore(std::span<const double> state) {
  if (!state.empty()) throw Error("the state is of another learning rate schedule");
}

std::span<const ScheduleKind> schedules() {
  static const std::vector<ScheduleKind> kKinds = make_kinds();
  return kKinds;
}

const ScheduleKind& schedule_from_string(std::string_view name) {
  std::vector<std::string> known;
  for (const ScheduleKind& kind : schedules()) {
    if (kind.name == name) return kind;
    known.push_back(kind.name);
  }
  refuse_name("schedule", name, std::move(known));
}

}  // namespace bertune::optim
