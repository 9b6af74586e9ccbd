#include "tasks/token_classification/token_classification_task.h"

#include "data/tagged/tag_labels.h"
#include "tasks/packed_examples.h"
#include "tasks/token_classification/token_metrics.h"
#include "tasks/token_classification/word_predictions.h"

namespace bertune::tasks {
namespace {

class TokenScorer : public Scorer {
 public:
  TokenScorer(const TokenClassificationExamples& examples, const TokenClassification& tagging)
      : features_(examples.features()), tagging_(tagging), predictions_(features_, tagging) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(tagging_.labels.size());
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
      const auto begin = static_cast<std::size_t>(batch.cu_seqlens[i]),
                 size = static_cast<std::size_t>(batch.cu_seqlens[i + 1]) - begin;
      predictions_.add(first_row + static_cast<std::int64_t>(i),
                       output.logits.subspan(begin * width, size * width));
    }
  }
  Metrics result() const override { return token_metrics(features_, predictions_, tagging_); }

 private:
  const TokenClassificationFeatures& features_;
  const TokenClassification& tagging_;
  WordPredictions predictions_;
};

std::vector<std::int32_t> labels_of(const data::TaggedDataset& dataset, const TokenClassification& tagging) {
  return dataset.has_tags ? data::tag_ids(dataset, tagging.labels) : std::vector<std::int32_t>();
}

}  // namespace

std::string TokenClassificationTask::default_metric() const { return default_token_metric(tagging.scheme); }

std::unique_ptr<Scorer> TokenClassificationTask::scorer(const Examples& examples) const {
  return std::make_unique<TokenScorer>(dynamic_cast<const TokenClassificationExamples&>(examples), tagging);
}

TokenClassificationExamples::TokenClassificationExamples(const data::TaggedDataset& dataset,
                                                         const BertTokenizer& tokenizer,
                                                         const TokenClassification& tagging,
                                                         LongSentences long_sentences)
    : features_(make_features(dataset.sentences, labels_of(dataset, tagging), tokenizer, tagging,
                              long_sentences)) {}

std::string TokenClassificationExamples::fingerprint() const {
  return fingerprint_of(features_).add(features_.labels).text();
}

}  // namespace bertune::tasks
