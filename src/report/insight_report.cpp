#include "report/insight_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/printable.h"

namespace bertune::report {
namespace {

bool is_error(const std::string& metric) { return metric == "mae" || metric == "rmse"; }

// Shares in percent and their differences in points; errors and correlations as they are.
bool in_percent(const std::string& metric) { return !is_error(metric) && metric != "pearson"; }

std::string value_text(const std::string& metric, double value) {
  return in_percent(metric) ? fmt::format("{:.1f}%", 100 * value) : fmt::format("{:.4f}", value);
}

std::string difference_text(const std::string& metric, double value) {
  return in_percent(metric) ? fmt::format("{:+.1f}", 100 * value) : fmt::format("{:+.4f}", value);
}

std::string probability(double p) { return p < 0.001 ? "below 0.001" : fmt::format("{:.3f}", p); }

std::string seeds_text(const std::string& metric, std::int64_t runs, double deviation) {
  if (runs == 1) return "";
  return fmt::format(" (mean of {} seeds, deviation {})", runs, difference_text(metric, deviation).substr(1));
}

std::string verdict(const insight::Comparison& one, bool greater_is_better, bool several) {
  const double p = several ? one.adjusted : one.p_value;
  const bool holds_zero = one.difference.interval.low <= 0 && one.difference.interval.high >= 0;
  if (p > 0.05 || holds_zero) return "The difference may be chance.";
  const bool second = (one.difference.value > 0) == greater_is_better;
  return fmt::format("{} is better; chance alone would hardly give this.",
                     printable(second ? one.second : one.first));
}

std::string disputed_rows(const insight::Comparison& one, std::int64_t most) {
  std::string text;
  for (const bool of_first : {false, true}) {
    std::int64_t shown = 0;
    for (const insight::DisputedRow& row : one.rows) {
      if (row.first_is_right != of_first || shown == most) continue;
      if (shown++ == 0)
        text += fmt::format(fmt::runtime(one.first_runs > 1 ? "\nRight in most runs of {} alone:\n"
                                                            : "\nOnly {} gets these right:\n"),
                            printable(of_first ? one.first : one.second));
      text += fmt::format("  {}  {}\n", printable(row.where), one_line_of(row.text, 70));
      const std::string& wrong = of_first ? row.second : row.first;
      if (!row.right.empty())
        text += fmt::format("    {}, and not {}\n", printable(row.right), printable(wrong));
    }
  }
  return text;
}

}  // namespace

std::string comparison_report(const insight::Comparisons& all, std::int64_t rows, const Style& style) {
  const std::string& metric = all.metric;
  const char* points = in_percent(metric) ? " points" : "";
  std::string text =
      fmt::format("{} on {} rows{}\n", metric, all.rows,
                  all.left_out > 0 ? fmt::format(" that all runs have ({} left out)", all.left_out) : "");
  const bool several = all.pairs.size() > 1;
  for (const insight::Comparison& one : all.pairs) {
    text += fmt::format("\n{}\n  {:<24} {}{}\n  {:<24} {}{}\n",
                        style.bold(fmt::format("{} against {}", printable(one.second), printable(one.first))),
                        printable(one.second), value_text(metric, one.second_value),
                        seeds_text(metric, one.second_runs, one.second_deviation), printable(one.first),
                        value_text(metric, one.first_value),
                        seeds_text(metric, one.first_runs, one.first_deviation));
    text +=
        fmt::format("  difference               {}{}, 95% interval {} to {} ({})\n",
                    difference_text(metric, one.difference.value), points,
                    difference_text(metric, one.difference.interval.low),
                    difference_text(metric, one.difference.interval.high),
                    one.first_runs > 1 ? "of rows and seeds" : fmt::format("{} resamples", all.resamples));
    if (one.first_runs > 1) {
      if (one.only_first)
        text += fmt::format("  right by most of one     {} by {}, {} by {}\n", *one.only_second,
                            printable(one.second), *one.only_first, printable(one.first));
      text += fmt::format("  p                        {} (Student's t)\n", probability(one.p_value));
    } else if (one.only_first) {
      text += fmt::format("  right by one alone       {} by {}, {} by {}\n", *one.only_second,
                          printable(one.second), *one.only_first, printable(one.first));
      text += fmt::format("  p                        {} (McNemar, mid-p)\n", probability(one.p_value));
    } else {
      text += fmt::format("  p                        {} (paired permutation)\n", probability(one.p_value));
    }
    if (several)
      text +=
          fmt::format("  p, of {} comparisons      {} (Holm)\n", all.pairs.size(), probability(one.adjusted));
    text += fmt::format("  could be shown           {}{} or more, with this many rows\n",
                        difference_text(metric, one.smallest).substr(1), points);
    text += fmt::format("{}\n", verdict(one, all.greater_is_better, several));
    text += disputed_rows(one, rows);
  }
  return text;
}

std::string calibration_report(const runs::Calibrated& one, const std::string& model) {
  const insight::Temperature& temperature = one.temperature;
  std::string text = fmt::format(
      "Temperature {:.3f} (95% interval {:.3f} to {:.3f}), fitted on {} {} rows of {}\n\n"
      "                              before    after\n"
      "negative log likelihood       {:6.4f}    {:6.4f}\n"
      "expected calibration error    {:6.4f}    {:6.4f}    ({:.4f} is what a model without fault would "
      "show)\n",
      temperature.value, temperature.interval.low, temperature.interval.high, temperature.rows, one.set,
      printable(one.path), temperature.loss_before, temperature.loss_after, one.error_before, one.error_after,
      one.expected.mean);
  if (one.threshold)
    text +=
        fmt::format("\nThe threshold of labels is {:.4f} now: the same labels are given.\n", *one.threshold);
  if (!one.abstentions.empty()) {
    text += fmt::format(
        "\nWhat it answers and gets right, at a least score{}:\n\n  least score         answered             "
        " right of these    at least\n",
        one.judged_on == one.set ? ", on the same rows"
                                 : fmt::format(" of {} rows, on the {} rows", one.set, one.judged_on));
    for (const insight::Abstention& line : one.abstentions) {
      const double answered = static_cast<double>(line.answered),
                   all = static_cast<double>(std::max<std::int64_t>(line.rows, 1));
      text += fmt::format("  {:<19.3f} {:>5} ({:5.1f}%)         {:5.1f}%           {:5.1f}%\n",
                          line.threshold, line.answered, 100 * answered / all,
                          line.answered > 0 ? 100 * static_cast<double>(line.right) / answered : 0.0,
                          100 * line.at_least);
    }
  }
  text += one.folded
              ? fmt::format("\nThe weights of {} give calibrated scores now, in every program.\n",
                            printable(model))
              : fmt::format(
                    "\nKept in {}/bertune.json: predict, serve and evaluate use it. No prediction changes, "
                    "only its score.\n",
                    printable(model));
  return text;
}

}  // namespace bertune::report
