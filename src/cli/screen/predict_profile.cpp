#include "cli/screen/predict_profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "cli/screen/peak.h"
#include "core/file.h"
#include "report/profile_report.h"

namespace bertune::cli {
namespace {

constexpr std::size_t kMostCalls = 100'000;  // 6 MB of them, and as large a trace as a browser shows

}  // namespace

void PredictProfile::part_ends() {
  if (!running_) return;
  seconds_ = watch_.seconds();
  if (profiler_.calls().size() > kMostCalls) running_.reset();
}

std::string PredictProfile::finish(const std::filesystem::path& trace, Precision precision) {
  running_.reset();
  const std::vector<kernels::ProfiledCall>& calls = profiler_.calls();
  const auto batches = std::ranges::count(calls, "embedding_forward", &kernels::ProfiledCall::operation);
  if (batches == 0) return "No profile: there was nothing to predict\n";
  const std::string table = report::profile_table(
      {.calls = calls, .peak = peak_of(precision), .unit = "batch", .units = batches, .seconds = seconds_});
  try {
    write_file_atomically(trace, report::chrome_trace(calls));
  } catch (const Error& error) {
    return fmt::format("{}No trace: {}\n", table, error.what());
  }
  return fmt::format("{}Trace (chrome://tracing, Perfetto): {}\n", table, trace.string());
}

}  // namespace bertune::cli
