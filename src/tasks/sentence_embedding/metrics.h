// Metrics of the embeddings of pairs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bertune/metrics.h"
#include "tasks/sentence_embedding/examples.h"

namespace bertune::tasks {

double cosine(std::span<const float> a, std::span<const float> b);  // 0 where one of them is zero

// SimilarityScorer measures, for pairs with scores, how the cosines of their embeddings follow them. Values:
// loss (the mean squared difference), mse, rmse, mae, pearson, spearmanr.
class SimilarityScorer : public Scorer {
 public:
  explicit SimilarityScorer(const SentenceEmbeddingExamples& pairs)
      : pairs_(pairs), metrics_(ProblemType::regression, {"cosine"}) {}
  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override;
  Metrics result() const override;

 private:
  const SentenceEmbeddingExamples& pairs_;
  MetricsAccumulator metrics_;
};

// PartnerScorer measures, for pairs that belong together, how well a first text's own second text is found
// among those of neighboring rows. The rows are cut into as few parts of equal size as hold at most
// kCandidates, whatever the batches are. Values: loss (MultipleNegativesRankingLoss of a part), accuracy (its
// own is the most alike), mrr (the mean of 1 / its rank). A second text that is as alike counts as before it,
// unless it is the same text.
class PartnerScorer : public Scorer {
 public:
  static constexpr std::int64_t kCandidates = 128;

  // `tell` is called for each pair, in order, where it is given.
  using Tell = std::function<void(std::int64_t row, double cosine, std::int64_t rank)>;

  explicit PartnerScorer(const SentenceEmbeddingExamples& pairs, Tell tell = {});
  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override;
  Metrics result() const override;

 private:
  std::int64_t end_of_part() const;
  void finish_part();

  const SentenceEmbeddingExamples& pairs_;
  Tell tell_;
  std::int64_t parts_ = 1, part_ = 0, first_row_ = 0;  // the part at hand and its first row
  std::size_t width_ = 0;
  std::vector<float> first_, second_;  // normalized embeddings of the part's rows so far [rows, width]
  double loss_sum_ = 0, reciprocal_ranks_ = 0;
  std::int64_t rows_ = 0, found_ = 0;
};

// Records the cosine of each pair: beside its score, or with the rank that PartnerScorer gives it.
std::unique_ptr<Recorder> record_pairs(const SentenceEmbeddingExamples& pairs, UseRecord use);

}  // namespace bertune::tasks
