#include "report/profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "core/json.h"
#include "report/table.h"

namespace bertune::report {
namespace {

struct Sum {
  double seconds = 0, flops = 0, attention_flops = 0, bytes = 0;

  void add(const kernels::ProfiledCall& call) {
    seconds += call.seconds, flops += call.flops, attention_flops += call.attention_flops;
    bytes += call.bytes;
  }
};

std::string name_of(const kernels::ProfiledCall& call) {
  return std::string(call.with_product ? "matmul + " : "") + std::string(call.operation);
}

std::string plural(std::string_view unit, std::int64_t units) {
  return std::string(unit) + (units == 1 ? "" : unit.ends_with("ch") ? "es" : "s");
}

std::string rate(const Sum& sum) {
  if (const double flops = sum.flops + sum.attention_flops; flops > 0)
    return fmt::format("{:.0f} GFLOP/s", flops / sum.seconds / 1e9);
  if (sum.bytes > 0) return fmt::format("{:.1f} GB/s", sum.bytes / sum.seconds / 1e9);
  return "";
}

}  // namespace

std::string profile_table(const Profiled& profiled) {
  const auto& [calls, peak, unit, units, seconds] = profiled;
  std::map<std::string, Sum> by_operation;
  std::map<std::int32_t, Sum> by_layer;
  Sum all;
  for (const kernels::ProfiledCall& call : calls) {
    by_operation[name_of(call)].add(call);
    by_layer[call.layer].add(call);
    all.add(call);
  }
  std::vector<std::pair<std::string, Sum>> sorted(by_operation.begin(), by_operation.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  const double each = 1e3 / static_cast<double>(std::max<std::int64_t>(1, units));
  const auto row = [&, whole = seconds](const std::string& name, const Sum& sum) {
    return std::vector<std::string>{name, fmt::format("{:.2f}", sum.seconds * each),
                                    percent(sum.seconds, whole), rate(sum)};
  };
  const std::string time = fmt::format("ms per {}", unit);
  const std::vector<Align> columns = {Align::left, Align::right, Align::right, Align::right};
  Table operations(columns), layers(columns);
  operations.add({"operation", time, "share", "rate"});
  for (const auto& [name, sum] : sorted) operations.add(row(name, sum));
  operations.add(row("everything else", {.seconds = std::max(0.0, seconds - all.seconds)}));
  operations.add(row(std::string(unit), {.seconds = seconds}));
  layers.add({"layer", time, "share", "rate"});
  const bool trains = all.bytes > 0;
  for (const auto& [layer, sum] : by_layer) {
    const char* outside = trains ? "embeddings, head, optimizer" : "embeddings, head";
    layers.add(row(layer < 0 ? outside : fmt::format("{}", layer), sum));
  }
  const double attention =
      all.attention_flops > 0 ? all.attention_flops / peak.attention_flops_per_second : 0;
  const double bound = all.flops / peak.flops_per_second + attention + all.bytes / peak.bytes_per_second;
  const std::string attention_rate =
      attention > 0 ? fmt::format(", those of attention at {:.0f}", peak.attention_flops_per_second / 1e9)
                    : "";
  const std::string optimizer =
      trains ? fmt::format(", optimizer at {:.1f} GB/s", peak.bytes_per_second / 1e9) : "";
  return fmt::format(
      "Profile of {} {}\n{}\n{}\nRoofline bound: {:.2f} {} (matrix multiplications at {:.0f} GFLOP/s{}{}), "
      "{} "
      "of the time taken\n",
      units, plural(unit, units), operations.text(), layers.text(), bound * each, time,
      peak.flops_per_second / 1e9, attention_rate, optimizer, percent(bound, seconds));
}

std::string chrome_trace(std::span<const kernels::ProfiledCall> calls) {
  Json events = Json::array();
  for (const kernels::ProfiledCall& call : calls) {
    events.push_back({{"name", name_of(call)},
                      {"cat", call.layer < 0 ? "model" : "layer"},
                      {"ph", "X"},
                      {"pid", 1},
                      {"tid", call.layer + 1},
                      {"ts", call.begin * 1e6},
                      {"dur", call.seconds * 1e6}});
  }
  return dump_json({{"traceEvents", events}, {"displayTimeUnit", "ms"}});
}

}  // namespace bertune::report
