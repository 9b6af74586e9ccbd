// A profile of training or of prediction for people, and as a Chrome trace (chrome://tracing, Perfetto).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kernels/profile.h"

namespace bertune::report {

// Time by operation and by layer, and the share of the floor: what the matrix products, those of attention
// too, and the optimizer's bytes alone take at the machine's peak.
struct Profiled {
  std::span<const kernels::ProfiledCall> calls;
  kernels::MachinePeak peak;
  std::string_view unit = "step";  // what the calls repeat: a step of training, a batch of prediction
  std::int64_t units = 0;          // how many of them
  double seconds = 0;              // wall time of all
};
std::string profile_table(const Profiled& profiled);

// The trace event format's "complete" events, a track a layer.
std::string chrome_trace(std::span<const kernels::ProfiledCall> calls);

}  // namespace bertune::report
