// Prediction tables of made-up rows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "insight/results/prediction_table.h"

namespace bertune::testing {

struct MadeRow {
  std::vector<float> logits;
  std::vector<float> truth;
  std::string text = {};
};

inline void add_made_set(insight::PredictionTable& table, const tasks::RecordForm& form,
                         const std::string& name, const std::vector<MadeRow>& rows) {
  tasks::Records records{.form = form, .in_all = static_cast<std::int64_t>(rows.size())};
  for (const MadeRow& row : rows) {
    tasks::ItemRecord record{.item = static_cast<std::int64_t>(records.items.size()), .tokens = 5};
    record.logits = row.logits, record.truth = row.truth;
    records.items.push_back(std::move(record));
  }
  insight::add_set(table, name, name + ".csv", &records, [&](const std::string& set, std::int64_t item) {
    const std::string& text = rows[static_cast<std::size_t>(item)].text;
    const std::string number = std::to_string(item + 2);
    return tasks::ItemText{set + ".csv:" + number, "", text.empty() ? "text " + number : text, ""};
  });
}

inline tasks::RecordForm form_of_classes(std::vector<std::string> labels) {
  tasks::RecordForm form{.labels = std::move(labels)};
  form.width = static_cast<std::int64_t>(form.labels.size());
  return form;
}

inline insight::PredictionTable table_of(const tasks::RecordForm& form, const std::vector<MadeRow>& rows,
                                         const std::string& set = "test") {
  insight::PredictionTable table{.task = "text-classification"};
  add_made_set(table, form, set, rows);
  return table;
}

}  // namespace bertune::testing
