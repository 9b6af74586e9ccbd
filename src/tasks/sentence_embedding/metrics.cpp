#include "tasks/sentence_embedding/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "tasks/averages.h"
#include "tasks/softmax.h"

namespace bertune::tasks {
namespace {

constexpr double kRankingScale = 20;  // as the loss of the model's head has it

double dot(std::span<const float> a, std::span<const float> b) {
  return std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                               [](double x, double y) { return x * y; });
}

void append_normalized(std::span<const float> embedding, std::vector<float>& to) {
  const double norm = std::sqrt(dot(embedding, embedding)), factor = norm == 0 ? 0 : 1 / norm;
  for (const float value : embedding) to.push_back(static_cast<float>(value * factor));
}

}  // namespace

double cosine(std::span<const float> a, std::span<const float> b) {
  const double norms = std::sqrt(dot(a, a)) * std::sqrt(dot(b, b));
  return norms == 0 ? 0 : dot(a, b) / norms;
}

void SimilarityScorer::add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) {
  const std::size_t width = output.logits.size() / static_cast<std::size_t>(batch.sequences());
  for (std::size_t i = 0; 2 * i < static_cast<std::size_t>(batch.sequences()); ++i) {
    const auto similarity = static_cast<float>(cosine(output.logits.subspan(2 * i * width, width),
                                                      output.logits.subspan((2 * i + 1) * width, width)));
    metrics_.add(std::span(&similarity, 1),
                 std::span(&pairs_.scores[static_cast<std::size_t>(first_row) + i], 1));
  }
}

Metrics SimilarityScorer::result() const {
  Metrics metrics = metrics_.result();
  metrics.unit = "pair";
  metrics.headline = {"spearmanr", "pearson"};
  metrics.note = "cosines of the embeddings against the scores";
  return metrics;
}

PartnerScorer::PartnerScorer(const SentenceEmbeddingExamples& pairs, Tell tell)
    : pairs_(pairs),
      tell_(std::move(tell)),
      parts_(std::max<std::int64_t>((pairs.rows() + kCandidates - 1) / kCandidates, 1)) {}

std::int64_t PartnerScorer::end_of_part() const { return (part_ + 1) * pairs_.rows() / parts_; }

void PartnerScorer::add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) {
  width_ = output.logits.size() / static_cast<std::size_t>(batch.sequences());
  for (std::int64_t i = 0; 2 * i < batch.sequences(); ++i) {
    const auto at = static_cast<std::size_t>(2 * i) * width_;
    append_normalized(output.logits.subspan(at, width_), first_);
    append_normalized(output.logits.subspan(at + width_, width_), second_);
    if (first_row + i + 1 == end_of_part()) finish_part();
  }
}

void PartnerScorer::finish_part() {
  const std::int64_t rows = end_of_part() - first_row_;
  std::vector<float> similarities(static_cast<std::size_t>(rows));
  const auto row_of = [&](const std::vector<float>& of, std::int64_t row) {
    return std::span(of).subspan(static_cast<std::size_t>(row) * width_, width_);
  };
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < rows; ++j)
      similarities[static_cast<std::size_t>(j)] =
          static_cast<float>(kRankingScale * dot(row_of(first_, i), row_of(second_, j)));
    const float own = similarities[static_cast<std::size_t>(i)];
    std::int64_t rank = 1;
    for (std::int64_t j = 0; j < rows; ++j) {  // NaN is never found
      const bool is_before = !(similarities[static_cast<std::size_t>(j)] < own);
      if (j != i && is_before && !pairs_.same_second_text(first_row_ + i, first_row_ + j)) ++rank;
    }
    found_ += rank == 1 ? 1 : 0;
    reciprocal_ranks_ += 1 / count(rank);
    loss_sum_ += Softmax(similarities).loss(own);
    if (tell_) tell_(first_row_ + i, own / kRankingScale, rank);
  }
  rows_ += rows;
  first_row_ += rows, ++part_;
  first_.clear(), second_.clear();
}

Metrics PartnerScorer::result() const {
  Metrics metrics;
  metrics.rows = rows_;
  metrics.unit = "pair";
  metrics.headline = {"accuracy", "mrr"};
  metrics.note = fmt::format("a first text finds its own second text among {} neighboring ones",
                             (pairs_.rows() + parts_ - 1) / parts_);
  metrics.values = {{"loss", ratio(loss_sum_, count(rows_))},
                    {"accuracy", ratio(count(found_), count(rows_))},
                    {"mrr", ratio(reciprocal_ranks_, count(rows_))}};
  return metrics;
}

namespace {

class PairRecorder : public Recorder {
 public:
  PairRecorder(const SentenceEmbeddingExamples& pairs, UseRecord use) : pairs_(pairs), use_(std::move(use)) {
    if (!pairs.scores.empty()) return;
    partners_.emplace(pairs, [this](std::int64_t row, double cosine, std::int64_t rank) {
      ItemRecord record = record_of(row, static_cast<float>(cosine));
      record.more["rank"] = rank;
      use_(std::move(record));
    });
  }

  RecordForm form() const override {
    return {.outcome = partners_ ? Outcome::partners : Outcome::cosines, .labels = {}, .unit = "pair"};
  }

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    if (partners_) return partners_->add(first_row, batch, output);
    const std::size_t width = output.logits.size() / static_cast<std::size_t>(batch.sequences());
    for (std::size_t i = 0; 2 * i < static_cast<std::size_t>(batch.sequences()); ++i) {
      const double value = cosine(output.logits.subspan(2 * i * width, width),
                                  output.logits.subspan((2 * i + 1) * width, width));
      ItemRecord record = record_of(first_row + static_cast<std::int64_t>(i), static_cast<float>(value));
      record.truth = {pairs_.scores[static_cast<std::size_t>(record.item)]};
      use_(std::move(record));
    }
  }

 private:
  ItemRecord record_of(std::int64_t row, float cosine) const {
    ItemRecord record{.item = row};
    record.logits = {cosine};
    for (std::int64_t text = 0; text < 2; ++text) pairs_.count_tokens(2 * row + text, record);
    return record;
  }

  const SentenceEmbeddingExamples& pairs_;
  UseRecord use_;
  std::optional<PartnerScorer> partners_;
};

}  // namespace

std::unique_ptr<Recorder> record_pairs(const SentenceEmbeddingExamples& pairs, UseRecord use) {
  return std::make_unique<PairRecorder>(pairs, std::move(use));
}

}  // namespace bertune::tasks
