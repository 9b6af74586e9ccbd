#include "report/explanation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "report/table.h"
#include "tasks/prediction.h"

namespace bertune::report {
namespace {

// The words that contribute most, `most` of them, those that speak for the target first.
std::vector<std::size_t> strongest(const ExplainedTarget& target, std::int64_t most) {
  std::vector<std::size_t> order(target.contributions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::abs(target.contributions[a]) > std::abs(target.contributions[b]);
  });
  order.resize(std::min(order.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, most))));
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return target.contributions[a] > target.contributions[b]; });
  return order;
}

}  // namespace

std::string explanation_text(std::string_view where, const Explanation& explanation, std::int64_t most,
                             const Style& style) {
  std::string text;
  for (const ExplainedTarget& target : explanation.targets) {
    const std::string of = target.text.empty() ? "" : fmt::format(" ({})", printable(target.text));
    text += fmt::format("{}: {}{}  {:.3f}\n", printable(where), style.bold(printable(target.name)), of,
                        target.value);
    Table table({Align::right, Align::left});
    for (const std::size_t word : strongest(target, most)) {
      const double contribution = target.contributions[word];
      table.add({fmt::format("{:+.3f}", contribution),
                 shorten(printable(explanation.words[word].text), kLabelWidth)});
    }
    text += table.text();
  }
  if (explanation.targets.empty()) text += fmt::format("{}: nothing is predicted\n", printable(where));
  return text;
}

std::string words_cell(const Explanation& explanation, std::int64_t most) {
  std::string cell;
  for (const ExplainedTarget& target : explanation.targets) {
    cell += fmt::format("{}{}:", cell.empty() ? "" : "; ", tasks::valid_text(target.name));
    bool is_first = true;
    for (const std::size_t word : strongest(target, most)) {
      cell += fmt::format("{} {} {:+.3f}", std::exchange(is_first, false) ? "" : ",",
                          tasks::valid_text(explanation.words[word].text), target.contributions[word]);
    }
  }
  return cell;
}

std::string explanation_header() { return "item,target,part,word,start,end,contribution\n"; }

std::string explanation_lines(std::string_view where, const Explanation& explanation) {
  std::string lines;
  for (const ExplainedTarget& target : explanation.targets) {
    for (std::size_t i = 0; i < explanation.words.size(); ++i) {
      const ExplainedWord& word = explanation.words[i];
      const std::string place =
          word.place ? fmt::format("{},{}", word.place->code_points.begin, word.place->code_points.end) : ",";
      lines += fmt::format("{},{},{},{},{},{}\n", tasks::csv_field(where),
                           tasks::csv_field(tasks::valid_text(target.name)), word.part,
                           tasks::csv_field(tasks::valid_text(word.text)), place, target.contributions[i]);
    }
  }
  return lines;
}

}  // namespace bertune::report
