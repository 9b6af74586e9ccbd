// How good predicted tags are: entities as seqeval counts them, and words.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/metrics.h"
#include "data/tagged/tag_scheme.h"
#include "tasks/token_classification/word_predictions.h"

namespace bertune::tasks {

// Counts sentence by sentence. An entity is right when its type, first and last word are.
class TokenMetricsAccumulator {
 public:
  TokenMetricsAccumulator(const data::LabelMap& labels, data::TagScheme scheme,
                          data::EntityReading reading = data::EntityReading::lenient);

  // Class ids, one a word. Throws Error for different sizes or an id that is no class.
  void add(std::span<const std::int32_t> truth, std::span<const std::int32_t> predicted);

  // Metrics::rows are words. With entities, values are in this order: loss, precision, recall, f1
  // (run_ner.py's names, over all entities), accuracy (of words), then precision, recall and f1 with _macro
  // and _weighted, means over types; classes are the types that occur, and there is no confusion matrix.
  // Without: the values of classes of metrics.h, with words as rows and tags as classes.
  Metrics result(double loss) const;

 private:
  struct TypeCounts {
    std::int64_t support = 0, predicted = 0, correct = 0;
  };
  void add_entities(std::span<const std::int32_t> truth, std::span<const std::int32_t> predicted);
  void entity_result(Metrics& metrics) const;
  void tag_result(Metrics& metrics) const;

  std::vector<std::string> id2label_;
  data::TagScheme scheme_;
  data::EntityReading reading_;
  std::vector<std::string_view> tags_, predicted_tags_;  // of a sentence
  std::map<std::string, TypeCounts, std::less<>> types_;
  std::vector<std::int64_t> support_, predicted_, correct_, confusion_;  // of tags
};

// All words of a labelled dataset. A word that no token speaks for counts as predicted "O".
Metrics token_metrics(const TokenClassificationFeatures& features, const WordPredictions& predictions,
                      const TokenClassification& task,
                      data::EntityReading reading = data::EntityReading::lenient);

// The metric that picks the best model when none is asked for: f1 of entities, else accuracy.
std::string default_token_metric(data::TagScheme scheme);

}  // namespace bertune::tasks
