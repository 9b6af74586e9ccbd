#include "report/html/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bertune::report::html {
namespace {

// A place in percent, of a share.
std::string at(double share) { return fmt::format("{:.2f}%", 100 * std::clamp(share, 0.0, 1.0)); }

std::string grid() {
  std::string lines;
  for (int quarter = 0; quarter <= 4; ++quarter)
    lines += fmt::format("<line class=\"g\" x1=\"{0}%\" x2=\"{0}%\" y1=\"0\" y2=\"100%\"/>", 25 * quarter);
  return lines;
}

std::string range(double value, const OrderedJson& interval, const char* kind, int radius) {
  std::string svg;
  if (interval.is_array() && interval.size() == 2) {
    svg = fmt::format("<line class=\"ci{}\" x1=\"{}\" x2=\"{}\" y1=\"50%\" y2=\"50%\"/>", kind,
                      at(interval[0].get<double>()), at(interval[1].get<double>()));
  }
  return svg +
         fmt::format("<circle class=\"dot{}\" cx=\"{}\" cy=\"50%\" r=\"{}\"/>", kind, at(value), radius);
}

// Round numbers between which the values lie.
struct Axis {
  double low = 0, high = 1, step = 0.25;

  Axis(double least, double most) {
    if (!(most > least)) least -= 0.5, most += 0.5;
    const double rough = (most - least) / 4, size = std::pow(10, std::floor(std::log10(rough)));
    step = size;
    for (const double factor : {1.0, 2.0, 2.5, 5.0, 10.0}) {
      step = factor * size;
      if (step >= rough) break;
    }
    low = std::floor(least / step) * step, high = std::ceil(most / step) * step;
  }
  double share(double value) const { return (value - low) / (high - low); }
  int steps() const { return static_cast<int>(std::lround((high - low) / step)); }
};

struct Bounds {
  double least = 0, most = 0;
  bool is_empty = true;
  void add(double value) {
    least = is_empty ? value : std::min(least, value), most = is_empty ? value : std::max(most, value);
    is_empty = false;
  }
};

std::string frame(const Axis& x, const Axis& y, const PlotText& text) {
  std::string svg;
  for (int i = 0; i <= y.steps(); ++i) {
    const double value = y.low + i * y.step;
    const std::string place = at(1 - y.share(value));
    svg += fmt::format(
        "<line class=\"g\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>"
        "<text x=\"-8\" y=\"{0}\" dy=\"4\" text-anchor=\"end\">{1:.4g}{2}</text>",
        place, text.y_percent ? 100 * value : value, text.y_percent && i == y.steps() ? "\u202f%" : "");
  }
  for (int i = 0; i <= x.steps(); ++i) {
    const double value = x.low + i * x.step;
    const bool last = i == x.steps();
    svg += fmt::format("<text x=\"{}\" y=\"100%\" dy=\"20\" text-anchor=\"{}\">{}{:.4g}</text>",
                       at(x.share(value)), last ? "end" : "middle",
                       last && !text.x_title.empty() ? text.x_title + " " : "", value);
  }
  return svg;
}

std::string figure(const PlotText& text, const std::string& svg) {
  return fmt::format(
      "<figure><figcaption>{}<small>{}</small></figcaption><div class=\"plot\"><svg role=\"img\" "
      "aria-label=\"{}\">{}</svg></div></figure>\n",
      text.title, text.subtitle, text.description, svg);
}

std::string line_of(const Curve& curve, const Axis& x, const Axis& y) {
  std::string path;
  for (const auto& [horizontal, vertical] : curve.points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", 1000 * x.share(horizontal),
                        1000 * (1 - y.share(vertical)));
  }
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\"><path "
      "class=\"curve{}\" vector-effect=\"non-scaling-stroke\" d=\"{}\"/></svg>",
      curve.is_background ? " b" : "", path);
  if (!curve.with_dots) return svg;
  for (const auto& [horizontal, vertical] : curve.points) {
    svg += fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"4.5\"/>", at(x.share(horizontal)),
                       at(1 - y.share(vertical)));
  }
  return svg;
}

}  // namespace

std::string range_rows(const std::vector<RangeRow>& rows, bool big) {
  std::string html = fmt::format("<ul class=\"rows{}\">\n", big ? " big" : "");
  for (const RangeRow& row : rows) {
    std::string svg = grid() + range(row.value, row.interval, row.is_baseline ? " b" : "", big ? 7 : 5);
    if (row.tick)
      svg += fmt::format("<line class=\"tick\" x1=\"{0}\" x2=\"{0}\" y1=\"25%\" y2=\"75%\"/>", at(*row.tick));
    html += fmt::format(
        "<li><span class=\"l\">{}</span><span class=\"t\"><svg aria-hidden=\"true\">{}</svg></span>"
        "<span class=\"n\">{}</span></li>\n",
        row.label, svg, row.number);
  }
  html += "<li class=\"axis\" aria-hidden=\"true\"><span class=\"l\"></span><span class=\"t\"><svg>";
  for (int quarter = 0; quarter <= 4; ++quarter) {
    html += fmt::format("<text x=\"{0}%\" y=\"14\" text-anchor=\"{2}\">{0}{1}</text>", 25 * quarter,
                        quarter == 4 ? "\u202f%" : "",
                        quarter == 0   ? "start"
                        : quarter == 4 ? "end"
                                       : "middle");
  }
  return html + "</svg></span><span class=\"n\"></span></li></ul>\n";
}

std::string small_range(double value, const OrderedJson& interval) {
  return fmt::format(
      "<svg aria-hidden=\"true\"><line class=\"g\" x1=\"0\" x2=\"100%\" y1=\"50%\" y2=\"50%\"/>{}</svg>",
      range(value, interval, "", 4));
}

std::string plot(const std::vector<Curve>& curves, const PlotText& text) {
  Bounds horizontal, vertical;
  for (const Curve& curve : curves)
    for (const auto& [x, y] : curve.points) horizontal.add(x), vertical.add(y);
  if (horizontal.is_empty) return "";
  const Axis x(0, horizontal.most), y(vertical.least, vertical.most);
  std::string svg = frame(x, y, text);
  for (const Curve& curve : curves) svg += line_of(curve, x, y);
  return figure(text, svg);
}

std::string scatter(const std::vector<std::pair<double, double>>& points, const PlotText& text) {
  Bounds both;
  for (const auto& [x, y] : points) both.add(x), both.add(y);
  if (both.is_empty) return "";
  const Axis axis(both.least, both.most);
  std::string svg =
      frame(axis, axis, text) + "<line class=\"diagonal\" x1=\"0\" y1=\"100%\" x2=\"100%\" y2=\"0\"/>";
  for (const auto& [x, y] : points)
    svg += fmt::format("<circle class=\"point\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>", at(axis.share(x)),
                       at(1 - axis.share(y)));
  return figure(text, svg);
}

}  // namespace bertune::report::html
