// Sentence embeddings: vectors of texts whose cosine says how alike they are, learned from pairs as the
// sentence-transformers package does.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tasks/request.h"
#include "tasks/sentence_embedding/examples.h"

namespace bertune::tasks {

// SentenceEmbeddingTask predicts the embedding of a text alone, and the cosine of a pair's embeddings.
struct SentenceEmbeddingTask : TaskOf<SentenceEmbeddingExamples>, SentenceEmbedding, PredictionTask {
  std::string metric =
      "spearmanr";  // of the pairs that the best epoch is picked on; without scores: accuracy

  std::string_view name() const override { return "sentence-embedding"; }
  Architecture architecture() const override { return Architecture::sentence_embedding; }
  void describe_head(LoadOptions& options) const override;
  std::string default_metric() const override { return metric; }

  Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const override;

 private:
  std::unique_ptr<Scorer> scorer_of(const SentenceEmbeddingExamples& examples) const override;
  std::unique_ptr<Recorder> recorder_of(const SentenceEmbeddingExamples& examples,
                                        UseRecord use) const override;
};

}  // namespace bertune::tasks
