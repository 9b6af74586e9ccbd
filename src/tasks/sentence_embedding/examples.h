// Texts as token ids, each a sequence of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bertune/sentence_embedding.h"
#include "bertune/tokenizer.h"
#include "data/texts/reader.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {

// The settings that turn texts into features.
struct SentenceEmbedding {
  SentenceEmbeddingConfig embedding;
  std::int64_t max_length = 128;
  double score_scale = 1;  // what scores were divided by
};

// Row i is sequence i, or of pairs the sequences 2i and 2i + 1.
struct SentenceEmbeddingExamples : PackedExamples {
  std::int64_t texts = 1;        // of a row
  bool belong_together = false;  // pairs without scores: batches get labels for ranking
  std::vector<float> scores;     // [rows] of pairs, scaled; or empty

  std::int64_t rows() const override { return PackedExamples::rows() / texts; }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return PackedExamples::tokens_of_first(rows * texts);
  }
  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;
  // Returns whether the second texts of two pairs are the same, as the model reads them.
  bool same_second_text(std::int64_t row, std::int64_t other) const;
};

// Tokenizes on all cores, without labels. `pairs`: each row's second text too.
std::unique_ptr<SentenceEmbeddingExamples> make_examples(std::span<const data::Row> rows, bool pairs,
                                                         const BertTokenizer& tokenizer,
                                                         const SentenceEmbedding& task);

// Pairs to train or to test on; `scores` empty: pairs that belong together.
std::unique_ptr<SentenceEmbeddingExamples> make_labelled_examples(const data::Dataset& pairs,
                                                                  std::vector<float> scores,
                                                                  const BertTokenizer& tokenizer,
                                                                  const SentenceEmbedding& task);

}  // namespace bertune::tasks
