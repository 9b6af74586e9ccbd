#include "report/explanation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "report/table.h"
#include "tasks/prediction.h"

namespace bertune::report {

std::string explanation_text(std::string_view where, const Explanation& explanation, std::int64_t most,
                             const Style& style) {
  std::string text;
  for (const ExplainedTarget& target : explanation.targets) {
    const std::string of = target.text.empty() ? "" : fmt::format(" ({})", printable(target.text));
    text += fmt::format("{}: {}{}  {:.3f}\n", printable(where), style.bold(printable(target.name)), of,
                        target.value);
    std::vector<std::size_t> order(target.contributions.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return std::abs(target.contributions[a]) > std::abs(target.contributions[b]);
    });
    order.resize(std::min(order.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, most))));
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return target.contributions[a] > target.contributions[b];
    });
    Table table({Align::right, Align::left});
    for (const std::size_t word : order) {
      const double contribution = target.contributions[word];
      table.add({fmt::format("{:+.3f}", contribution),
                 shorten(printable(explanation.words[word].text), kLabelWidth)});
    }
    text += table.text();
  }
  if (explanation.targets.empty()) text += fmt::format("{}: nothing is predicted\n", printable(where));
  return text;
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
