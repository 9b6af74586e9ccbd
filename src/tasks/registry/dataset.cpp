#include "bertune/dataset.h"

#include <fmt/format.h>

#include <cmath>

#include "bertune/error.h"
#include "data/texts/labels.h"
#include "tasks/registry/registry.h"

namespace bertune {
namespace {

std::string_view only_label(const LabelledInput& row) {
  if (row.labels.size() == 1) return row.labels.front();
  throw Error(fmt::format("{}: has {} labels, where a prediction is compared with one", row.where,
                          row.labels.size()));
}

// Numbers whose softmax are these probabilities.
std::vector<float> logits_of(std::span<const double> probabilities) {
  std::vector<float> logits;
  for (const double probability : probabilities) logits.push_back(static_cast<float>(std::log(probability)));
  return logits;
}

// Adds predictions of one kind.
struct Measure {
  MetricsAccumulator& metrics;
  const data::LabelMap& labels;
  const LabelledInput& row;

  void operator()(const Label& said) const {
    const std::string_view label = only_label(row);
    const std::optional<std::int32_t> id = labels.id_of(label);
    if (!id) throw Error(data::unknown_label(row.where, label, labels));
    metrics.add(logits_of(said.scores), *id);
  }
  void operator()(const Score& said) const {
    const std::optional<double> number = data::parse_number(only_label(row));
    if (!number) throw Error(fmt::format("{}: the label \"{}\" is not a number", row.where, row.labels[0]));
    const float logit = static_cast<float>(said.score), target = static_cast<float>(*number);
    metrics.add(std::span(&logit, 1), std::span(&target, 1));
  }
  template <typename Other>
  void operator()(const Other&) const {
    throw UsageError("measure: predictions are to be classes or numbers");
  }
};

}  // namespace

std::vector<LabelledInput> read_dataset(const std::filesystem::path& path, Architecture architecture,
                                        const FileOptions& options) {
  const tasks::TaskEntry* task = tasks::task_of(architecture);
  if (task == nullptr)
    throw UsageError(
        fmt::format("{}: there are no rows of files for a {}", path.string(), to_string(architecture)));
  return task->read_inputs(path, tasks::FileOptions{options});
}

Metrics measure(std::span<const Prediction> predictions, std::span<const LabelledInput> rows,
                std::span<const std::string> labels) {
  if (predictions.size() != rows.size())
    throw UsageError(fmt::format("measure: {} predictions for {} rows", predictions.size(), rows.size()));
  const bool numbers = !predictions.empty() && std::holds_alternative<Score>(predictions.front());
  const data::LabelMap map(std::vector<std::string>(labels.begin(), labels.end()));
  MetricsAccumulator metrics(numbers ? ProblemType::regression : ProblemType::single_label_classification,
                             numbers ? std::vector<std::string>{"score"} : map.id2label());
  for (std::size_t i = 0; i < rows.size(); ++i) std::visit(Measure{metrics, map, rows[i]}, predictions[i]);
  return metrics.result();
}

}  // namespace bertune
