#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "bertune/error.h"
#include "bertune/optim.h"

namespace bertune::optim {

Schedule schedule_from_string(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Schedule>, 4> kNames = {
      {{"linear", Schedule::linear},
       {"cosine", Schedule::cosine},
       {"constant", Schedule::constant},
       {"constant_with_warmup", Schedule::constant_with_warmup}}};
  for (const auto& [known, schedule] : kNames) {
    if (known == name) return schedule;
  }
  throw UsageError(
      fmt::format("no schedule is named \"{}\"; the choices are linear, cosine, constant and "
                  "constant_with_warmup",
                  name));
}

double schedule_factor(Schedule schedule, std::int64_t step, std::int64_t warmup_steps,
                       std::int64_t total_steps) {
  if (schedule == Schedule::constant) return 1.0;
  const auto at = static_cast<double>(step), warmup = static_cast<double>(warmup_steps);
  if (step < warmup_steps) return at / std::max(1.0, warmup);
  if (schedule == Schedule::constant_with_warmup) return 1.0;
  const double remaining = std::max(1.0, static_cast<double>(total_steps - warmup_steps));
  if (schedule == Schedule::linear) return std::max(0.0, (static_cast<double>(total_steps) - at) / remaining);
  const double progress = (at - warmup) / remaining;
  return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

}  // namespace bertune::optim
