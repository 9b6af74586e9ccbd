#include "tasks/text_classification/examples.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

namespace bertune::tasks {
namespace {

// Rows handed to the tokenizer at a time: enough for all cores, few beside a large dataset.
constexpr std::size_t kChunk = 32768;
// The same of texts whose ids are kept whole until they are cut into windows.
constexpr std::size_t kWholeChunk = 2048;

// Makes room for the ids of `left` more bytes of text, of which `done` gave those that there are: growing by
// doubling would need twice the memory of what is the largest part of it.
void make_room(TextClassificationExamples& features, double done, double left, bool has_pairs) {
  constexpr double kMargin = 1.03;
  const auto more = static_cast<std::size_t>(left / done * static_cast<double>(features.tokens()) * kMargin);
  features.input_ids.reserve(features.input_ids.size() + more);
  if (has_pairs) features.token_type_ids.reserve(features.token_type_ids.size() + more);
}

std::size_t room_of(const TextClassification& task) { return static_cast<std::size_t>(task.max_length) - 2; }

// Appends what is read of texts, whose ids are given whole with those of [CLS] and [SEP].
void add_parts(const PackedEncodings& whole, const BertTokenizer& tokenizer, const TextClassification& task,
               TextClassificationExamples& features) {
  const bool has_windows = task.long_text.how == LongText::windows;
  std::vector<std::int32_t>& ids = features.input_ids;
  for (std::size_t row = 0; row < whole.lengths.size(); ++row) {
    const auto size = static_cast<std::size_t>(whole.lengths[row]);
    const auto all = std::span(whole.input_ids).subspan(static_cast<std::size_t>(whole.begins[row]), size);
    const auto pieces = all.subspan(1, size - 2);
    const auto add = [&](std::span<const std::int32_t> first, std::span<const std::int32_t> second) {
      ids.push_back(all.front());
      ids.insert(ids.end(), first.begin(), first.end());
      ids.insert(ids.end(), second.begin(), second.end());
      ids.push_back(all.back());
      features.begins.push_back(static_cast<std::int64_t>(ids.size()));
    };
    const std::size_t room = room_of(task), head = head_of(room);
    if (has_windows) {
      for (const PieceRange& window :
           windows_of(pieces, tokenizer, room, static_cast<std::size_t>(task.long_text.stride)))
        add(pieces.subspan(window.begin, window.end - window.begin), {});
      features.cu_texts.push_back(static_cast<std::int64_t>(features.begins.size()) - 1);
    } else if (pieces.size() > room) {
      add(pieces.first(head), pieces.last(room - head));
    } else {
      add(pieces, {});
    }
  }
  features.lengths.insert(features.lengths.end(), whole.lengths.begin(), whole.lengths.end());
  features.rows_with_special_tokens += whole.rows_with_special_tokens;
}

void add_texts(const data::Dataset& dataset, const BertTokenizer& tokenizer, const TextClassification& task,
               TextClassificationExamples& features) {
  std::span<const data::Row> rows(dataset.rows);
  const bool has_pairs = dataset.has_pairs;
  // Bytes that are cut off give no ids; an id stands for some bytes.
  const bool is_truncated = task.long_text.how == LongText::truncate;
  const auto longest = task.long_text.how == LongText::windows
                           ? std::numeric_limits<std::size_t>::max()
                           : static_cast<std::size_t>(8 * task.max_length);
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
    const auto chunk = rows.first(std::min(is_truncated ? kChunk : kWholeChunk, rows.size()));
    for (const data::Row& row : chunk) {
      texts.push_back(row.text);
      if (has_pairs) pairs.push_back(row.text_pair);
    }
    if (is_truncated) {
      tokenizer.encode_packed(texts, pairs, encode_options(task), features);
    } else {
      PackedEncodings whole;
      tokenizer.encode_packed(texts, {}, {}, whole);
      add_parts(whole, tokenizer, task, features);
    }
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

std::int64_t TextClassificationExamples::windows_of(std::int64_t row) const {
  const auto text = static_cast<std::size_t>(row);
  return has_rows_of_windows() ? cu_texts[text + 1] - cu_texts[text] : 1;
}

std::int64_t TextClassificationExamples::tokens_of_first(std::int64_t rows) const {
  return PackedExamples::tokens_of_first(has_rows_of_windows() ? cu_texts[static_cast<std::size_t>(rows)]
                                                               : rows);
}

// A window that is a row has no label: the label is that of the text.
void TextClassificationExamples::add_to(Batch& batch, std::int64_t row) const {
  if (has_windows() && window_rows == WindowRows::windows) return add_row(*this, row, batch);
  const auto text = static_cast<std::size_t>(row);
  if (has_windows()) {
    for (std::int64_t window = cu_texts[text]; window < cu_texts[text + 1]; ++window)
      add_row(*this, window, batch);
    if (batch.cu_texts.empty()) batch.cu_texts.push_back(0);
    batch.cu_texts.push_back(static_cast<std::int32_t>(batch.sequences()));
    batch.window_score = window_score;
  } else {
    add_row(*this, row, batch);
  }
  if (!labels.empty()) batch.labels.push_back(labels[text]);
  if (!targets.empty()) {
    const auto first = targets.begin() + static_cast<std::ptrdiff_t>(row * num_labels);
    batch.targets.insert(batch.targets.end(), first, first + num_labels);
  }
}

std::string TextClassificationExamples::fingerprint() const {
  Fingerprint print = fingerprint_of(*this).add(labels).add(targets);
  if (has_windows()) print.add(cu_texts).add(to_string(window_score));
  return print.text();
}

void TextClassificationExamples::count_tokens_of_text(std::int64_t text, ItemRecord& record) const {
  if (!has_windows()) return count_tokens(text, record);
  const auto place = static_cast<std::size_t>(text);
  record.tokens += lengths[place];
  record.windows = cu_texts[place + 1] - cu_texts[place];
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
                                                          const TextClassification& task, bool with_labels,
                                                          WindowRows window_rows) {
  auto examples = std::make_unique<TextClassificationExamples>();
  examples->num_labels = task.labels.size();
  examples->window_rows = window_rows, examples->window_score = task.long_text.score;
  if (task.long_text.how == LongText::windows) examples->cu_texts.push_back(0);
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

void find_places(const data::Dataset& dataset, const BertTokenizer& tokenizer, const TextClassification& task,
                 TextClassificationExamples& examples) {
  if (!examples.has_windows()) return;
  examples.places.resize(static_cast<std::size_t>(examples.cu_texts.back()));
  for (std::size_t text = 0; text + 1 < examples.cu_texts.size(); ++text) {
    const auto first = static_cast<std::size_t>(examples.cu_texts[text]),
               end = static_cast<std::size_t>(examples.cu_texts[text + 1]);
    if (end - first < 2) continue;
    const Encoding whole = tokenizer.encode(dataset.rows[text].text, {.return_offsets = true});
    const auto pieces = std::span(whole.input_ids).subspan(1, whole.input_ids.size() - 2);
    const std::vector<PieceRange> windows =
        windows_of(pieces, tokenizer, room_of(task), static_cast<std::size_t>(task.long_text.stride));
    const auto span_of = [](const std::vector<Span>& offsets, const PieceRange& window) {
      return Span{offsets[window.begin + 1].begin, offsets[window.end].end};  // [CLS] is before them
    };
    for (std::size_t i = 0; i < windows.size(); ++i) {
      examples.places[first + i] = {span_of(whole.offsets, windows[i]),
                                    span_of(whole.byte_offsets, windows[i])};
    }
  }
}

}  // namespace bertune::tasks
