#include "data/checks/several_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "data/texts/labels.h"

namespace bertune::data {
namespace {

struct RowLabels {
  std::vector<std::string> each;
  std::string joined;
};

}  // namespace

void set_several_labels(const Dataset& dataset, NamedTexts& set) {
  const char separator = guess_separator(dataset);
  const auto all = std::make_shared<std::vector<RowLabels>>();
  for (const Row& row : dataset.rows) {
    RowLabels& labels = all->emplace_back();
    if (!row.has_label) continue;
    labels.each = split_labels(row.label, separator, dataset.where(row));
    std::ranges::sort(labels.each);
    labels.joined = fmt::format("{}", fmt::join(labels.each, "|"));
  }
  set.labels = [all](std::int64_t row, const std::function<void(std::string_view)>& tell) {
    for (const std::string& label : (*all)[static_cast<std::size_t>(row)].each) tell(label);
  };
  set.texts.label = [all, has_label = set.texts.label](std::int64_t row) -> std::optional<std::string_view> {
    if (!has_label(row)) return std::nullopt;
    return (*all)[static_cast<std::size_t>(row)].joined;
  };
}

}  // namespace bertune::data
