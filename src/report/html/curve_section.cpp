// The section on what more labeled rows would bring, where a curve was measured for the run.
#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "report/html/charts.h"
#include "report/html/elements.h"
#include "report/html/sections.h"

namespace bertune::report::html {
namespace {

// A difference of two shares, in points.
std::string points(double share, const char* form = "{:.1f}") {
  return number(share, fmt::format(fmt::runtime(form), 100 * share));
}

std::string forecast(const OrderedJson& curve) {
  const OrderedJson& twice = curve.at("twice");
  const std::string range = points(twice.at("low")) + " to " + points(twice.at("high"));
  if (!twice.at("holds").get<bool>())
    return fmt::format("That cannot be said: from twice the rows, anything from {} points is possible.",
                       range);
  return fmt::format("About <b>{} points</b> ({}) from twice the rows: {} with {}.",
                     points(twice.at("gain"), "{:+.1f}"), range, percent(twice.at("score")),
                     count(twice.at("rows")));
}

// The fitted law from the first point to twice the rows.
Curve law(const OrderedJson& curve) {
  constexpr int kParts = 40;
  const double first = curve.at("points").front().at("rows"), last = curve.at("twice").at("rows");
  const OrderedJson& fit = curve.at("fit");
  Curve line{.is_background = true};
  for (int i = 0; i <= kParts; ++i) {
    const double rows = first + (last - first) * i / kParts;
    line.points.emplace_back(rows,
                             1 - fit.at("a").get<double>() * std::pow(rows, -fit.at("b").get<double>()) -
                                 fit.at("c").get<double>());
  }
  return line;
}

}  // namespace

std::string learning_curve_section(const OrderedJson& facts) {
  if (!facts.contains("learning_curve") || facts.at("learning_curve").at("points").empty()) return "";
  const OrderedJson& curve = facts.at("learning_curve");
  const std::string metric = metric_name(curve.at("metric"));
  Curve measured{.with_dots = true};
  std::vector<std::vector<std::string>> rows;
  for (const OrderedJson& point : curve.at("points")) {
    measured.points.emplace_back(point.at("rows"), point.at("score"));
    rows.push_back({count(point.at("rows")), percent(point.at("score")),
                    interval({point.at("low"), point.at("high")}, true)});
  }
  const std::string of = curve.at("trained").get<bool>()
                             ? "Models were trained on parts of the rows"
                             : "A linear model on features of the untrained model learned parts of the rows";
  const std::string drawing =
      plot({law(curve), measured}, {.title = metric + ", by rows to learn from",
                                    .subtitle = "the line is the law that the forecast continues",
                                    .x_title = "rows",
                                    .description = metric + " by the number of rows to learn from",
                                    .y_percent = true});
  return section(
      "more", "Would more labeled rows help?",
      fmt::format("{} {}, and {} rows say what that was worth.", forecast(curve), of,
                  count(curve.at("measured_rows"))),
      drawing + folded("Each point", table("Each point", {">rows", ">" + metric, "95% interval"}, rows)));
}

}  // namespace bertune::report::html
