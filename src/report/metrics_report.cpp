#include "report/metrics_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "insight/results/statistics.h"
#include "report/table.h"

namespace bertune::report {
namespace {

constexpr std::size_t kWorstClasses = 10;  // listed where there are too many for a full table
constexpr std::size_t kMostConfusions = 15;
constexpr int kShortLabelWidth = 16;

std::string label_text(const std::string& label, int width) {
  return shorten_middle(printable(label), width);
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  return value != 0 && std::abs(value) < 0.001 ? fmt::format("{:.2e}", value) : fmt::format("{:.4f}", value);
}

std::string rows_text(const Metrics& metrics) {
  return grouped(metrics.rows) + " " + metrics.unit + (metrics.rows == 1 ? "" : "s");
}

bool is_headline(const Metrics& metrics, const std::string& name) {
  return std::ranges::find(metrics.headline, name) != metrics.headline.end();
}

std::string accuracy_text(const Metrics& metrics) {
  const double accuracy = metrics.value("accuracy");
  const auto correct = static_cast<std::int64_t>(std::llround(accuracy * static_cast<double>(metrics.rows)));
  const insight::Interval interval = insight::wilson(correct, metrics.rows);
  return fmt::format("accuracy {} (95% interval {:.1f}–{:.1f}, {})", percent(accuracy, 1), 100 * interval.low,
                     100 * interval.high, rows_text(metrics));
}

std::string headline(const Metrics& metrics, const Style& style) {
  const bool accuracy = is_headline(metrics, "accuracy");
  std::string text = style.bold(accuracy ? accuracy_text(metrics) : rows_text(metrics)) + "\n";
  if (!metrics.note.empty()) text += "  (" + metrics.note + ")\n";
  Table table({Align::left, Align::right});
  for (const auto& [name, value] : metrics.values) {
    if (name != "accuracy" || !accuracy) table.add({name, number_text(value)});
  }
  return text + table.text();
}

bool occurs(const ClassMetrics& one) { return one.support > 0 || one.predicted > 0; }

// Orders the classes by F1, the worst first; of equals the one with more rows.
std::vector<std::size_t> worst_first(const Metrics& metrics) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < metrics.classes.size(); ++i) {
    if (occurs(metrics.classes[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const ClassMetrics &left = metrics.classes[a], &right = metrics.classes[b];
    return left.f1 != right.f1 ? left.f1 < right.f1 : left.support > right.support;
  });
  return order;
}

std::string remark(const ClassMetrics& one, bool worst) {
  if (one.support > 0 && one.predicted == 0) return "never predicted";
  if (one.support == 0) return "predicted, but not in the data";
  return worst ? "lowest F1" : "";
}

std::string class_table(const Metrics& metrics, const MetricsReportOptions& options) {
  const std::vector<std::size_t> worst = worst_first(metrics);
  if (worst.empty()) return "";
  const bool all = static_cast<std::int64_t>(worst.size()) <= options.max_classes;
  std::vector<std::size_t> shown(worst.begin(), all ? worst.end() : worst.begin() + kWorstClasses);
  if (all) std::sort(shown.begin(), shown.end());
  const bool one_is_worst = worst.size() > 2 && metrics.classes[worst[0]].f1 < metrics.classes[worst[1]].f1;

  Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::left});
  table.add({"label", "precision", "recall", "F1", "support"});
  for (const std::size_t i : shown) {
    const ClassMetrics& one = metrics.classes[i];
    table.add({label_text(one.label, kLabelWidth), fmt::format("{:.3f}", one.precision),
               fmt::format("{:.3f}", one.recall), fmt::format("{:.3f}", one.f1), grouped(one.support),
               remark(one, all && one_is_worst && i == worst[0])});
  }
  const std::string title =
      all ? "Classes" : fmt::format("The {} classes of {} with the lowest F1", shown.size(), worst.size());
  std::vector<std::string> lines = table.lines();
  lines[0] = options.style.dim(lines[0]);
  std::string text = options.style.bold(title) + "\n";
  for (const std::string& line : lines) text += line + "\n";
  const std::size_t absent = metrics.classes.size() - worst.size();
  if (absent > 0) {
    text += fmt::format("  {} of the model's labels {} neither in the data nor predicted\n", absent,
                        absent == 1 ? "is" : "are");
  }
  return text;
}

std::int64_t confusion_at(const Metrics& metrics, std::size_t truth, std::size_t predicted) {
  return metrics.confusion[truth * metrics.classes.size() + predicted];
}

// Rows are true labels, columns predictions, called by their ids where their names would not fit; empty
// when even those do not.
std::string confusion_grid(const Metrics& metrics, const std::vector<std::size_t>& labels,
                           const MetricsReportOptions& options) {
  std::vector<std::string> names;
  int name_width = 0, cell = 1;
  for (const std::size_t truth : labels) {
    names.push_back(label_text(metrics.classes[truth].label, kShortLabelWidth));
    name_width = std::max(name_width, display_width(names.back()));
    for (const std::size_t predicted : labels) {
      cell = std::max(cell, static_cast<int>(std::to_string(confusion_at(metrics, truth, predicted)).size()));
    }
  }
  const auto columns = static_cast<int>(labels.size());
  const int named = 2 + name_width + columns * (std::max(name_width, cell) + 2);
  const int number_width = static_cast<int>(std::to_string(labels.back()).size());
  const int numbered = 2 + number_width + 1 + name_width + columns * (std::max(number_width, cell) + 2);
  const bool by_name = named <= options.width;
  if (!by_name && numbered > options.width) return "";

  std::vector<Align> alignment(labels.size() + 1, Align::right);
  alignment[0] = Align::left;
  Table table(alignment);
  std::vector<std::string> header = {""};
  for (std::size_t i = 0; i < labels.size(); ++i)
    header.push_back(by_name ? names[i] : std::to_string(labels[i]));
  table.add(header);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::vector<std::string> cells = {by_name ? names[i]
                                              : fmt::format("{:>{}} {}", labels[i], number_width, names[i])};
    for (const std::size_t predicted : labels) {
      const std::int64_t count = confusion_at(metrics, labels[i], predicted);
      cells.push_back(count == 0 ? "." : std::to_string(count));
    }
    table.add(cells);
  }
  return options.style.bold("Confusion matrix") + " (rows: true, columns: predicted)\n" + table.text();
}

std::string confusion_list(const Metrics& metrics, const MetricsReportOptions& options) {
  struct Confusion {
    std::size_t truth, predicted;
    std::int64_t rows;
  };
  std::vector<Confusion> confusions;
  for (std::size_t truth = 0; truth < metrics.classes.size(); ++truth) {
    for (std::size_t predicted = 0; predicted < metrics.classes.size(); ++predicted) {
      const std::int64_t rows = confusion_at(metrics, truth, predicted);
      if (truth != predicted && rows > 0) confusions.push_back({truth, predicted, rows});
    }
  }
  if (confusions.empty()) return "";
  std::stable_sort(confusions.begin(), confusions.end(),
                   [](const Confusion& left, const Confusion& right) { return left.rows > right.rows; });
  const std::size_t shown = std::min(confusions.size(), kMostConfusions);
  Table table({Align::left, Align::left, Align::right}, "  ", " ");
  for (std::size_t i = 0; i < shown; ++i) {
    const Confusion& one = confusions[i];
    table.add({label_text(metrics.classes[one.truth].label, kLabelWidth),
               "→ " + label_text(metrics.classes[one.predicted].label, kLabelWidth) + ":",
               std::to_string(one.rows)});
  }
  std::string text =
      options.style.bold("Most frequent confusions") + " (true → predicted: rows)\n" + table.text();
  if (shown < confusions.size()) text += fmt::format("  and {} more pairs\n", confusions.size() - shown);
  return text;
}

std::string confusions(const Metrics& metrics, const MetricsReportOptions& options) {
  if (metrics.confusion.empty() || metrics.rows == 0) return "";
  std::vector<std::size_t> labels;
  for (std::size_t i = 0; i < metrics.classes.size(); ++i) {
    if (occurs(metrics.classes[i])) labels.push_back(i);
  }
  std::string grid;
  if (static_cast<std::int64_t>(labels.size()) <= options.max_classes)
    grid = confusion_grid(metrics, labels, options);
  return grid.empty() ? confusion_list(metrics, options) : grid;
}

}  // namespace

std::string metrics_report(const Metrics& metrics, const MetricsReportOptions& options) {
  std::string text = headline(metrics, options.style);
  for (const std::string& block : {class_table(metrics, options), confusions(metrics, options)}) {
    if (!block.empty()) text += "\n" + block;
  }
  return text;
}

std::string metrics_line(const Metrics& metrics) {
  std::string text;
  for (const auto& [name, value] : metrics.values) {
    if (name == "loss") text += "loss " + number_text(value);
  }
  if (is_headline(metrics, "accuracy")) return text + "  " + accuracy_text(metrics);
  for (const auto& [name, value] : metrics.values) {
    if (is_headline(metrics, name)) text += "  " + name + " " + number_text(value);
  }
  return text + "  (" + rows_text(metrics) + ")";
}

}  // namespace bertune::report
