#include "tasks/sentence_embedding/task.h"

#include <fmt/format.h>

#include <vector>

#include "bertune/error.h"
#include "tasks/sentence_embedding/metrics.h"
#include "tasks/sentence_embedding/prediction.h"

namespace bertune::tasks {

void SentenceEmbeddingTask::describe_head(LoadOptions& options) const {
  options.sentence_embedding = embedding;
  options.sentence_embedding->max_seq_length = max_length;
}

std::unique_ptr<Scorer> SentenceEmbeddingTask::scorer_of(const SentenceEmbeddingExamples& examples) const {
  if (examples.scores.empty()) return std::make_unique<PartnerScorer>(examples);
  return std::make_unique<SimilarityScorer>(examples);
}

Request SentenceEmbeddingTask::request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const {
  const bool pairs = !inputs.empty() && inputs.front().text_pair.has_value();
  std::vector<data::Row> rows;
  for (const Input& input : inputs) {
    if (input.text_pair.has_value() != pairs) {
      throw UsageError(fmt::format("predict: input {} is {} and the first is {}", rows.size(),
                                   pairs ? "a single text" : "a pair of texts",
                                   pairs ? "a pair" : "a single text"));
    }
    data::Row& row = rows.emplace_back();
    row.text = input.text;
    if (input.text_pair) row.text_pair = *input.text_pair;
  }
  return request_of(rows, pairs, *this, tokenizer);
}

}  // namespace bertune::tasks
