#include "data/splits/text_groups.h"

#include <string_view>
#include <unordered_set>

#include "data/splits/text_index.h"

namespace bertune::data {

Groups group_by_texts(const Dataset& dataset) {
  Groups groups{std::vector<std::int64_t>(dataset.rows.size()),
                std::vector<std::int64_t>(dataset.rows.size())};
  const TextIndex index(dataset, Folding::exact);
  for (std::int64_t row = 0; row < dataset.size(); ++row) {
    const std::int64_t first = index.first_of(row);
    groups.first[static_cast<std::size_t>(row)] = first;
    ++groups.size[static_cast<std::size_t>(first)];
  }
  return groups;
}

bool labels_are_classes(const Dataset& dataset) {
  std::unordered_set<std::string_view> labels;
  for (const Row& row : dataset.rows) labels.insert(row.label);
  return labels.size() * 2 <= dataset.rows.size();
}

std::map<std::string_view, std::vector<std::int64_t>> groups_by_class(const Dataset& dataset,
                                                                      const Groups& groups) {
  const bool classes = labels_are_classes(dataset);
  std::map<std::string_view, std::vector<std::int64_t>> firsts;
  for (std::int64_t row = 0; row < dataset.size(); ++row) {
    const auto place = static_cast<std::size_t>(row);
    if (groups.first[place] == row)
      firsts[classes ? dataset.rows[place].label : std::string_view()].push_back(row);
  }
  return firsts;
}

}  // namespace bertune::data
