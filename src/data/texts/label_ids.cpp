// Converts the labels of rows to class ids, vectors of ids, or numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/texts/labels.h"

namespace bertune::data {

std::vector<std::string> name_labels(Dataset& dataset, const LabelMap& labels) {
  const auto names = std::make_shared<const std::vector<std::string>>(labels.id2label());
  std::map<std::string_view, std::string> others;  // spellings, and the names that they get
  for (Row& row : dataset.rows) {
    if (!row.has_label) continue;
    const std::optional<std::int32_t> id = labels.id_of(row.label);
    if (!id) continue;
    const std::string& name = (*names)[static_cast<std::size_t>(*id)];
    if (row.label == name) continue;
    others.emplace(row.label, name);
    row.label = name;
  }
  if (others.empty()) return {};
  dataset.label_storage = names;
  const auto& [other, name] = *others.begin();
  const std::string more = others.size() > 1 ? fmt::format(", and {} more such", others.size() - 1) : "";
  return {fmt::format("{}: the labels \"{}\" and \"{}\" are one{}", dataset.path, other, name, more)};
}

void leave_out_unknown_labels(Dataset& dataset, const LabelMap& labels, std::int64_t most) {
  const auto is_unknown = [&](const Row& row) { return row.has_label && !labels.id_of(row.label); };
  const auto first = std::ranges::find_if(dataset.rows, is_unknown);
  const auto count = std::ranges::count_if(dataset.rows, is_unknown);
  if (count == 0 || count > most || count == dataset.size()) return;
  dataset.notes.push_back(
      fmt::format("{}: left out: the label \"{}\" is not one of those trained on ({} {} in all)",
                  dataset.where(*first), first->label, count, count == 1 ? "row" : "rows"));
  std::erase_if(dataset.rows, is_unknown);
}

namespace {

// " (3 rows have such labels: "x", "y")" of labels that cannot be used.
class WrongLabels {
 public:
  explicit WrongLabels(const Dataset& dataset) : dataset_(dataset) {}

  void add(const Row& row, std::string_view label) {
    if (count_++ == 0) first_ = &row, first_label_ = label;
    if (different_.size() < kShown && std::ranges::find(different_, label) == different_.end())
      different_.emplace_back(label);
  }
  bool any() const { return count_ > 0; }
  std::string where() const { return dataset_.where(*first_); }
  const std::string& label() const { return first_label_; }
  std::string all() const {
    return count_ == 1 ? "" : fmt::format("; {} rows have such labels: {}", count_, quoted_list(different_));
  }

 private:
  static constexpr std::size_t kShown = 5;
  const Dataset& dataset_;
  const Row* first_ = nullptr;
  std::string first_label_;
  std::int64_t count_ = 0;
  std::vector<std::string> different_;
};

}  // namespace

std::vector<std::int32_t> label_ids(const Dataset& dataset, const LabelMap& labels) {
  std::vector<std::int32_t> ids;
  ids.reserve(dataset.rows.size());
  WrongLabels unknown(dataset);
  for (const Row& row : dataset.rows) {
    if (!row.has_label) throw Error(fmt::format("{}: no label", dataset.where(row)));
    const std::optional<std::int32_t> id = labels.id_of(row.label);
    if (!id) unknown.add(row, row.label);
    ids.push_back(id.value_or(0));
  }
  if (unknown.any()) throw Error(unknown_label(unknown.where(), unknown.label(), labels) + unknown.all());
  return ids;
}

std::vector<float> multi_label_targets(const Dataset& dataset, const LabelMap& labels, char separator) {
  if (separator == '\0') separator = guess_separator(dataset);
  const auto width = static_cast<std::size_t>(labels.size());
  std::vector<float> targets(dataset.rows.size() * width);
  WrongLabels unknown(dataset);
  for (std::size_t i = 0; i < dataset.rows.size(); ++i) {
    const Row& row = dataset.rows[i];
    if (!row.has_label) continue;
    for (const std::string& label : split_labels(row.label, separator, dataset.where(row))) {
      const std::optional<std::int32_t> id = labels.id_of(label);
      if (!id) {
        unknown.add(row, label);
        continue;
      }
      targets[i * width + static_cast<std::size_t>(*id)] = 1.0F;
    }
  }
  if (unknown.any()) throw Error(unknown_label(unknown.where(), unknown.label(), labels) + unknown.all());
  return targets;
}

std::vector<float> label_values(const Dataset& dataset) {
  std::vector<float> values;
  values.reserve(dataset.rows.size());
  WrongLabels wrong(dataset);
  for (const Row& row : dataset.rows) {
    if (!row.has_label) throw Error(fmt::format("{}: no label", dataset.where(row)));
    const std::optional<double> value = parse_number(row.label);
    if (!value || !std::isfinite(static_cast<float>(*value))) {
      wrong.add(row, row.label.substr(0, 60));
      continue;
    }
    values.push_back(static_cast<float>(*value));
  }
  if (wrong.any()) {
    throw Error(fmt::format("{}: the label \"{}\" is not a number, which a regression needs{}", wrong.where(),
                            wrong.label(), wrong.all()));
  }
  return values;
}

}  // namespace bertune::data
