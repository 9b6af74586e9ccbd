#include "report/curve_report.h"

#include <fmt/format.h>

#include "report/table.h"

namespace bertune::report {
namespace {

std::string forecast(const LearningCurve& curve) {
  const CurveForecast& twice = curve.twice;
  if (!twice.holds) {
    return fmt::format("No forecast: between {:.1f} and {:.1f} points more from {} rows are all possible.\n",
                       100 * twice.low, 100 * twice.high, grouped(twice.rows));
  }
  return fmt::format("About +{:.1f} points ({:.1f} to {:.1f}) from twice the rows: {:.1f}% with {}.\n",
                     100 * twice.gain, 100 * twice.low, 100 * twice.high, 100 * twice.score,
                     grouped(twice.rows));
}

}  // namespace

std::string curve_report(const LearningCurve& curve, const Style& style) {
  constexpr double kWidth = 40;  // characters of a bar of 100%
  Table table({Align::right, Align::right, Align::left, Align::left});
  for (const CurvePoint& point : curve.points) {
    std::string bar(static_cast<std::size_t>(kWidth * point.score), '#');
    table.add({grouped(point.rows), fmt::format("{:.1f}%", 100 * point.score),
               fmt::format("{:.1f}–{:.1f}", 100 * point.low, 100 * point.high), std::move(bar)});
  }
  return style.bold(fmt::format("Learning curve: {} on {} rows, by rows to train on (95% intervals)",
                                curve.metric, grouped(curve.measured_rows))) +
         "\n" + table.text() + forecast(curve);
}

}  // namespace bertune::report
