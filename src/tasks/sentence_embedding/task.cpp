#include "tasks/sentence_embedding/task.h"

#include "tasks/sentence_embedding/examples.h"
#include "tasks/sentence_embedding/metrics.h"

namespace bertune::tasks {

void SentenceEmbedding::describe_head(LoadOptions& options) const {
  options.sentence_embedding = embedding;
  options.sentence_embedding->max_seq_length = max_length;
}

std::unique_ptr<Scorer> SentenceEmbedding::scorer(const Examples& examples) const {
  const auto& pairs = dynamic_cast<const SentenceExamples&>(examples);
  if (pairs.scores.empty()) return std::make_unique<PartnerScorer>(pairs);
  return std::make_unique<SimilarityScorer>(pairs);
}

}  // namespace bertune::tasks
