// Charts as SVG that fits any width without a script: coordinates in percent, text in its own size.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"

namespace bertune::report::html {

// A row of a range chart: a dot on a track from 0 to 100 %, its interval as a line, and the number in words
// beside it.
struct RangeRow {
  std::string label = {};  // HTML
  std::string number = {};
  double value = 0;                 // 0 to 1
  OrderedJson interval = {};        // [low, high], or null
  bool is_baseline = false;         // hollow and grey
  std::optional<double> tick = {};  // another value to compare with
};
std::string range_rows(const std::vector<RangeRow>& rows, bool big = false);

// The interval and the dot alone, for a cell of a table.
std::string small_range(double value, const OrderedJson& interval);

// A line or points through (x, y), on axes that hold all of them.
struct Curve {
  std::vector<std::pair<double, double>> points = {};
  bool is_background = false;  // thin and grey
  bool with_dots = false;
};
struct PlotText {
  std::string title = {}, subtitle = {};  // HTML
  std::string x_title = {};               // "epoch"
  std::string description = {};           // what who cannot see it is told
  bool y_percent = false;
};
std::string plot(const std::vector<Curve>& curves, const PlotText& text);

// Draws what is said against what is right, with the line on which both are equal.
std::string scatter(const std::vector<std::pair<double, double>>& points, const PlotText& text);

}  // namespace bertune::report::html
