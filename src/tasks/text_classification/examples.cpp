#include "tasks/text_classification/examples.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace bertune::tasks {
namespace {

// Rows handed to the tokenizer at a time: enough for all cores, few beside a large dataset.
constexpr std::size_t kChunk = 32768;

// Makes room for the ids of `left` more bytes of text, of which `done` gave those that there are: growing by
// doubling would need twice the memory of what is the largest part of it.
void make_room(TextClassificationExamples& features, double done, double left, bool has_pairs) {
  constexpr double kMargin = 1.03;
  const auto more = static_cast<std::size_t>(left / done * static_cast<double>(features.tokens()) * kMargin);
  features.input_ids.reserve(features.input_ids.size() + more);
  if (has_pairs) features.token_type_ids.reserve(features.token_type_ids.size() + more);
}

void add_texts(const data::Dataset& dataset, const BertTokenizer& tokenizer, const TextClassification& task,
               TextClassificationExamples& features) {
  std::span<const data::Row> rows(dataset.rows);
  const bool has_pairs = dataset.has_pairs;
  // Bytes that are cut off give no ids; an id stands for some bytes.
  const auto longest = static_cast<std::size_t>(8 * task.max_length);
  const auto weight_of = [&](std::span<const data::Row> part) {
    std::size_t weight = 0;
    for (const data::Row& row : part) weight += std::min(row.text.size() + row.text_pair.size() + 1, longest);
    return static_cast<double>(weight);
  };
  double done = 0, left = rows.size() > kChunk ? weight_of(rows) : 0;
  features.begins.reserve(rows.size() + 1);
  features.lengths.reserve(rows.size());
  std::vector<std::string_view> texts, pairs;
  for (; !rows.empty(); rows = rows.subspan(texts.size())) {
    texts.clear(), pairs.clear();
    const auto chunk = rows.first(std::min(kChunk, rows.size()));
    for (const data::Row& row : chunk) {
      texts.push_back(row.text);
      if (has_pairs) pairs.push_back(row.text_pair);
    }
    tokenizer.encode_packed(texts, pairs, encode_options(task), features);
    if (left == 0) continue;
    const double weight = weight_of(chunk);
    done += weight;
    left -= weight;
    const std::size_t spare = features.input_ids.capacity() - features.input_ids.size();
    const bool enough = static_cast<double>(spare) * done >= static_cast<double>(features.tokens()) * left;
    if (!enough) make_room(features, done, left, has_pairs);
    dataset.release_pages();  // a large file and all its ids need not be in memory together
  }
}

}  // namespace

EncodeOptions encode_options(const TextClassification& task) {
  EncodeOptions options;
  options.truncation = Truncation::longest_first;
  options.max_length = task.max_length;
  return options;
}

void TextClassificationExamples::add_to(Batch& batch, std::int64_t row) const {
  add_row(*this, row, batch);
  if (!labels.empty()) batch.labels.push_back(labels[static_cast<std::size_t>(row)]);
  if (!targets.empty()) {
    const auto first = targets.begin() + static_cast<std::ptrdiff_t>(row * num_labels);
    batch.targets.insert(batch.targets.end(), first, first + num_labels);
  }
}

std::string TextClassificationExamples::fingerprint() const {
  return fingerprint_of(*this).add(labels).add(targets).text();
}

std::unique_ptr<TextClassificationExamples> subset(const TextClassificationExamples& examples,
                                                   std::span<const std::int64_t> rows) {
  auto part = std::make_unique<TextClassificationExamples>();
  part->num_labels = examples.num_labels;
  const auto add = [](auto& to, const auto& from, std::int64_t begin, std::int64_t end) {
    if (!from.empty()) to.insert(to.end(), from.begin() + begin, from.begin() + end);
  };
  for (const std::int64_t row : rows) {
    const std::int64_t begin = examples.begins[static_cast<std::size_t>(row)],
                       end = examples.begins[static_cast<std::size_t>(row) + 1];
    add(part->input_ids, examples.input_ids, begin, end);
    add(part->token_type_ids, examples.token_type_ids, begin, end);
    add(part->lengths, examples.lengths, row, row + 1);
    add(part->labels, examples.labels, row, row + 1);
    add(part->targets, examples.targets, row * examples.num_labels, (row + 1) * examples.num_labels);
    part->begins.push_back(static_cast<std::int64_t>(part->input_ids.size()));
  }
  return part;
}

std::unique_ptr<TextClassificationExamples> make_examples(const data::Dataset& dataset,
                                                          const BertTokenizer& tokenizer,
                                                          const TextClassification& task, bool with_labels) {
  auto examples = std::make_unique<TextClassificationExamples>();
  examples->num_labels = task.labels.size();
  if (with_labels) {  // first: a wrong label is found before the long part
    switch (task.problem_type) {
      case ProblemType::single_label_classification:
        examples->labels = label_ids(dataset, task.labels);
        break;
      case ProblemType::multi_label_classification:
        examples->targets = multi_label_targets(dataset, task.labels);
        break;
      case ProblemType::regression:
        examples->targets = label_values(dataset);
        break;
    }
  }
  add_texts(dataset, tokenizer, task, *examples);
  return examples;
}

}  // namespace bertune::tasks
