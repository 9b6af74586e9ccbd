#include "tasks/sentence_embedding/examples.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/utf8.h"
#include "text/unicode/unicode.h"

namespace bertune::tasks {
namespace {

constexpr std::size_t kChunk = 32768;  // rows handed to the tokenizer at a time

// Lower-cases the text character by character, as the normalizer that the package puts before such a model's
// tokenizer.
std::string lower_cased(std::string_view original) {
  const text::Unicode& unicode = text::Unicode::instance();
  std::string lower;
  lower.reserve(original.size());
  for (std::size_t at = 0; at < original.size();) {
    const CodePoint point = decode_utf8(original, at);
    if ((unicode.properties(point.value) & text::kLowers) != 0) {
      const text::LowerCase letters = text::lower_case(point.value);
      for (std::uint32_t i = 0; i < letters.length; ++i) append_utf8(lower, letters.characters[i]);
    } else {
      append_utf8(lower, point.value);
    }
    at += point.bytes;
  }
  return lower;
}

}  // namespace

void SentenceEmbeddingExamples::add_to(Batch& batch, std::int64_t row) const {
  for (std::int64_t i = 0; i < texts; ++i) add_row(*this, row * texts + i, batch);
  if (!scores.empty()) batch.targets.push_back(scores[static_cast<std::size_t>(row)]);
  if (belong_together) batch.labels.push_back(static_cast<std::int32_t>(batch.labels.size()));
}

std::string SentenceEmbeddingExamples::fingerprint() const {
  return fingerprint_of(*this).add(scores).add(std::array{texts}).text();
}

bool SentenceEmbeddingExamples::same_second_text(std::int64_t row, std::int64_t other) const {
  const auto ids_of = [&](std::int64_t pair) {
    const auto sequence = static_cast<std::size_t>(2 * pair + 1);
    return std::span(input_ids).subspan(static_cast<std::size_t>(begins[sequence]),
                                        static_cast<std::size_t>(begins[sequence + 1] - begins[sequence]));
  };
  return std::ranges::equal(ids_of(row), ids_of(other));
}

std::unique_ptr<SentenceEmbeddingExamples> make_examples(std::span<const data::Row> rows, bool pairs,
                                                         const BertTokenizer& tokenizer,
                                                         const SentenceEmbedding& task) {
  const EncodeOptions options{.truncation = Truncation::longest_first, .max_length = task.max_length};
  auto examples = std::make_unique<SentenceEmbeddingExamples>();
  examples->texts = pairs ? 2 : 1;
  std::vector<std::string_view> texts;
  std::vector<std::string> lowered;
  for (; !rows.empty(); rows = rows.subspan(std::min(kChunk, rows.size()))) {
    texts.clear();
    for (const data::Row& row : rows.first(std::min(kChunk, rows.size()))) {
      texts.push_back(row.text);
      if (pairs) texts.push_back(row.text_pair);
    }
    if (task.embedding.do_lower_case) {
      lowered.clear();
      for (const std::string_view text : texts) lowered.push_back(lower_cased(text));
      texts.assign(lowered.begin(), lowered.end());
    }
    tokenizer.encode_packed(texts, {}, options, *examples);
  }
  return examples;
}

std::unique_ptr<SentenceEmbeddingExamples> make_labelled_examples(const data::Dataset& pairs,
                                                                  std::vector<float> scores,
                                                                  const BertTokenizer& tokenizer,
                                                                  const SentenceEmbedding& task) {
  auto examples = make_examples(pairs.rows, true, tokenizer, task);
  for (float& score : scores) score = static_cast<float>(score / task.score_scale);
  examples->belong_together = scores.empty();
  examples->scores = std::move(scores);
  return examples;
}

}  // namespace bertune::tasks
