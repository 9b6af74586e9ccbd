#include "tasks/text_classification.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace bertune::tasks {
namespace {

// Rows tokenized at a time: enough for all cores, few enough that their encodings stay small.
constexpr std::size_t kChunk = 8192;

void append_encodings(std::span<const data::Row> rows, bool has_pairs, const BertTokenizer& tokenizer,
                      const EncodeOptions& options, Features& features) {
  std::vector<std::string_view> texts, pairs;
  for (const data::Row& row : rows) {
    texts.push_back(row.text);
    if (has_pairs) pairs.push_back(row.text_pair);
  }
  for (const Encoding& encoding : tokenizer.encode_batch(texts, pairs, options)) {
    features.input_ids.insert(features.input_ids.end(), encoding.input_ids.begin(), encoding.input_ids.end());
    features.token_type_ids.insert(features.token_type_ids.end(), encoding.token_type_ids.begin(),
                                   encoding.token_type_ids.end());
    features.begins.push_back(static_cast<std::int64_t>(features.input_ids.size()));
    features.lengths.push_back(
        static_cast<std::int32_t>(encoding.input_ids.size() + encoding.truncated_tokens));
    features.rows_with_special_tokens += encoding.special_in_text > 0;
  }
}

}  // namespace

EncodeOptions encode_options(const TextClassification& task) {
  EncodeOptions options;
  options.truncation = Truncation::longest_first;
  options.max_length = task.max_length;
  return options;
}

void Features::add_to(Batch& batch, std::int64_t index, std::int64_t num_labels) const {
  const auto row = static_cast<std::size_t>(index);
  const auto begin = static_cast<std::size_t>(begins[row]),
             size = static_cast<std::size_t>(begins[row + 1]) - begin;
  batch.add(std::span(input_ids).subspan(begin, size), std::span(token_type_ids).subspan(begin, size));
  if (!labels.empty()) batch.labels.push_back(labels[row]);
  if (!targets.empty()) {
    const auto width = static_cast<std::size_t>(num_labels);
    const auto first = targets.begin() + static_cast<std::ptrdiff_t>(row * width);
    batch.targets.insert(batch.targets.end(), first, first + num_labels);
  }
}

Features make_features(const data::Dataset& dataset, const BertTokenizer& tokenizer,
                       const TextClassification& task, bool with_labels) {
  Features features;
  if (with_labels) {  // first: a wrong label is found before the long part
    switch (task.problem_type) {
      case ProblemType::single_label_classification:
        features.labels = label_ids(dataset, task.labels);
        break;
      case ProblemType::multi_label_classification:
        features.targets = multi_label_targets(dataset, task.labels);
        break;
      case ProblemType::regression:
        features.targets = label_values(dataset);
        break;
    }
  }
  const EncodeOptions options = encode_options(task);
  const std::span<const data::Row> rows(dataset.rows);
  for (std::size_t first = 0; first < rows.size(); first += kChunk) {
    append_encodings(rows.subspan(first, std::min(kChunk, rows.size() - first)), dataset.has_pairs, tokenizer,
                     options, features);
  }
  return features;
}

}  // namespace bertune::tasks
