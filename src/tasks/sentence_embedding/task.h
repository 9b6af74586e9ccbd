// Sentence embeddings: vectors of texts whose cosine says how alike they are, learned from pairs as the
// sentence-transformers package does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bertune/sentence_embedding.h"
#include "tasks/task.h"

namespace bertune::tasks {

struct SentenceEmbedding : Task {
  SentenceEmbeddingConfig embedding;
  std::int64_t max_length = 128;
  double score_scale = 1;  // what scores were divided by
  std::string metric =
      "spearmanr";  // of the pairs that the best epoch is picked on; without scores: accuracy

  std::string_view name() const override { return "sentence-embedding"; }
  Architecture architecture() const override { return Architecture::sentence_embedding; }
  void describe_head(LoadOptions& options) const override;
  std::string default_metric() const override { return metric; }
  std::unique_ptr<Scorer> scorer(const Examples& examples) const override;
};

}  // namespace bertune::tasks
