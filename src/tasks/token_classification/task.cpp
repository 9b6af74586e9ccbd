#include "tasks/token_classification/task.h"

#include <utility>

#include "tasks/token_classification/metrics.h"
#include "tasks/token_classification/prediction.h"
#include "tasks/token_classification/word_predictions.h"

namespace bertune::tasks {
namespace {

class TokenClassificationScorer : public Scorer {
 public:
  TokenClassificationScorer(const TokenClassificationExamples& examples, const TokenClassification& task)
      : features_(examples.features()), task_(task), predictions_(features_, task) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    predictions_.add(first_row, batch, output);
  }
  Metrics result() const override { return token_metrics(features_, predictions_, task_); }

 private:
  const TokenClassificationFeatures& features_;
  const TokenClassification& task_;
  WordPredictions predictions_;
};

}  // namespace

std::string TokenClassificationTask::default_metric() const { return default_token_metric(scheme); }

std::unique_ptr<Scorer> TokenClassificationTask::scorer_of(
    const TokenClassificationExamples& examples) const {
  return std::make_unique<TokenClassificationScorer>(examples, *this);
}

Request TokenClassificationTask::request(std::span<const Input> inputs,
                                         const BertTokenizer& tokenizer) const {
  const auto sentences = std::make_shared<OwnSentences>();
  for (const Input& input : inputs) {
    if (input.words.empty()) {
      sentences->add_text(input.text);
    } else {
      sentences->add_words(input.words);
    }
  }
  Request request = request_of(sentences->sentences(), *this, tokenizer);
  request.inputs = sentences;
  return request;
}

}  // namespace bertune::tasks
