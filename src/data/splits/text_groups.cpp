#include "data/splits/text_groups.h"

#include <string_view>
#include <unordered_set>

#include "data/splits/text_index.h"

namespace bertune::data {

Groups group_by_texts(const Texts& texts) {
  const auto size = static_cast<std::size_t>(texts.size);
  Groups groups{std::vector<std::int64_t>(size), std::vector<std::int64_t>(size)};
  const TextIndex index(texts, Folding::exact);
  for (std::int64_t row = 0; row < texts.size; ++row) {
    const std::int64_t first = index.first_of(row);
    groups.first[static_cast<std::size_t>(row)] = first;
    ++groups.size[static_cast<std::size_t>(first)];
  }
  return groups;
}

bool labels_are_classes(const Texts& texts) {
  std::unordered_set<std::string_view> labels;
  for (std::int64_t row = 0; row < texts.size; ++row) labels.insert(texts.class_of(row));
  return static_cast<std::int64_t>(labels.size()) * 2 <= texts.size;
}

std::map<std::string_view, std::vector<std::int64_t>> groups_by_class(const Texts& texts,
                                                                      const Groups& groups) {
  const bool classes = labels_are_classes(texts);
  std::map<std::string_view, std::vector<std::int64_t>> firsts;
  for (std::int64_t row = 0; row < texts.size; ++row) {
    if (groups.first[static_cast<std::size_t>(row)] == row)
      firsts[classes ? texts.class_of(row) : std::string_view()].push_back(row);
  }
  return firsts;
}

}  // namespace bertune::data
