#include "tasks/sentence_embedding/task.h"

#include <utility>

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

std::unique_ptr<Recorder> SentenceEmbeddingTask::recorder_of(const SentenceEmbeddingExamples& examples,
                                                             UseRecord use) const {
  return record_pairs(examples, std::move(use));
}

Request SentenceEmbeddingTask::request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const {
  const InputRows given = rows_of(inputs);
  return request_of(given.rows, given.has_pairs, *this, tokenizer);
}

}  // namespace bertune::tasks
