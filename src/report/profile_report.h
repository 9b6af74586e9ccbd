// A profile of training for people, and as a Chrome trace (chrome://tracing, Perfetto).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "kernels/profile.h"

namespace bertune::report {

// Time by operation and by layer, and the share of the floor: what the matrix products and the optimizer's
// bytes alone take at the machine's peak. `seconds` is the wall time of the `steps` that the calls come from.
std::string profile_table(std::span<const kernels::ProfiledCall> calls, const kernels::MachinePeak& peak,
                          std::int64_t steps, double seconds);

// The trace event format's "complete" events, a track a layer.
std::string chrome_trace(std::span<const kernels::ProfiledCall> calls);

}  // namespace bertune::report
