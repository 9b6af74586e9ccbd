#include "report/noise_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/counted.h"
#include "core/printable.h"
#include "report/table.h"
#include "report/terminal.h"

namespace bertune::report {
namespace {

std::string share(double value) { return fmt::format("{:.1f}%", 100 * value); }

std::string confused_table(const LabelNoise& noise) {
  constexpr std::size_t kMost = 5;
  Table table({Align::left, Align::left, Align::left, Align::right});
  for (const ConfusedLabels& one : noise.confused) {
    if (table.lines().size() == kMost) break;
    table.add({printable(one.given), "->", printable(one.suggested), grouped(one.items)});
  }
  return table.text();
}

std::string item_lines(const SuspiciousLabel& one, bool is_number) {
  const std::string label = is_number
                                ? fmt::format("{}, and {} is expected", one.given, one.suggested)
                                : fmt::format("{} -> {}", printable(one.given), printable(one.suggested));
  const std::string of =
      one.word ? fmt::format(" \"{}\" (word {})", printable(one.word_text), *one.word + 1) : "";
  return fmt::format("  {}{}  {}  score {:.3f}{}{}\n    {}\n", printable(one.where), of, label, one.score,
                     one.is_issue ? "" : "  (probably right)",
                     one.has_twin ? "  (the same text has another label elsewhere)" : "",
                     one_line_of(one.text, 90)) +
         (one.text_pair.empty() ? "" : fmt::format("    {}\n", one_line_of(one.text_pair, 90)));
}

}  // namespace

std::string noise_report(const LabelNoise& noise, std::int64_t shown, const Style& style) {
  const bool is_number = !noise.error_rate;
  const double all = static_cast<double>(std::max<std::int64_t>(noise.items, 1));
  std::string text = style.bold(fmt::format("{} of {} are suspicious ({})", grouped(noise.issues),
                                            counted(noise.items, noise.unit),
                                            share(static_cast<double>(noise.issues) / all))) +
                     "\n";
  if (!is_number) {
    text += fmt::format("  estimated share of wrong labels: {} (95% interval {} to {})\n",
                        share(*noise.error_rate), share(*noise.low), share(*noise.high));
    if (!noise.confused.empty())
      text += "\n" + style.bold("Most often confused: given, probably right, how many") + "\n" +
              confused_table(noise);
  }
  if (noise.ranked.empty() || shown == 0) return text;
  text += "\n" + style.bold("Most suspicious") + "\n";
  for (std::int64_t i = 0; i < std::min<std::int64_t>(shown, std::ssize(noise.ranked)); ++i)
    text += item_lines(noise.ranked[static_cast<std::size_t>(i)], is_number);
  return text;
}

}  // namespace bertune::report
