#include "tasks/token_classification/metrics.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "tasks/averages.h"

namespace bertune::tasks {

TokenMetricsAccumulator::TokenMetricsAccumulator(const data::LabelMap& labels, data::TagScheme scheme,
                                                 data::EntityReading reading)
    : id2label_(labels.id2label()), scheme_(scheme), reading_(reading) {
  const std::size_t count = id2label_.size();
  support_.resize(count), predicted_.resize(count), correct_.resize(count);
  if (count <= kMaxConfusionClasses) confusion_.resize(count * count);
}

void TokenMetricsAccumulator::add(std::span<const std::int32_t> truth,
                                  std::span<const std::int32_t> predicted) {
  if (truth.size() != predicted.size()) {
    throw Error(
        fmt::format("metrics: {} words were predicted where there are {}", predicted.size(), truth.size()));
  }
  const std::size_t labels = id2label_.size();
  for (std::size_t word = 0; word < truth.size(); ++word) {
    const auto right = static_cast<std::size_t>(truth[word]),
               said = static_cast<std::size_t>(predicted[word]);
    if (right >= labels || said >= labels) {  // negative ids are large now
      throw Error(fmt::format("metrics: the class id {} is not in 0 .. {}",
                              right >= labels ? truth[word] : predicted[word], labels - 1));
    }
    ++support_[right];
    ++predicted_[said];
    if (right == said) ++correct_[right];
    if (!confusion_.empty()) ++confusion_[right * labels + said];
  }
  if (scheme_ != data::TagScheme::none) add_entities(truth, predicted);
}

void TokenMetricsAccumulator::add_entities(std::span<const std::int32_t> truth,
                                           std::span<const std::int32_t> predicted) {
  const auto entities_of = [&](std::span<const std::int32_t> ids, std::vector<std::string_view>& tags) {
    tags.clear();
    for (const std::int32_t id : ids) tags.push_back(id2label_[static_cast<std::size_t>(id)]);
    return data::entities(tags, scheme_, reading_);
  };
  const auto counts_of = [&](std::string_view type) -> TypeCounts& {
    const auto found = types_.find(type);
    return found != types_.end() ? found->second : types_[std::string(type)];
  };
  const std::vector<data::Entity> right = entities_of(truth, tags_),
                                  said = entities_of(predicted, predicted_tags_);
  for (const data::Entity& entity : right) ++counts_of(entity.type).support;
  std::size_t next = 0;  // both are in the order of words, and none overlaps another of its side
  for (const data::Entity& entity : said) {
    TypeCounts& counts = counts_of(entity.type);
    ++counts.predicted;
    while (next < right.size() && right[next].first_word < entity.first_word) ++next;
    if (next < right.size() && right[next] == entity) ++counts.correct;
  }
}

Metrics TokenMetricsAccumulator::result(double loss) const {
  Metrics metrics;
  metrics.unit = "word";
  if (scheme_ != data::TagScheme::none) metrics.headline = {"precision", "recall", "f1"};
  for (const std::int64_t words : support_) metrics.rows += words;
  metrics.values.emplace_back("loss", loss);
  if (scheme_ == data::TagScheme::none) {
    tag_result(metrics);
  } else {
    entity_result(metrics);
  }
  return metrics;
}

void TokenMetricsAccumulator::entity_result(Metrics& metrics) const {
  TypeCounts all;
  Averages macro, weighted;
  for (const auto& [type, counts] : types_) {
    metrics.classes.push_back(class_metrics(type, counts.support, counts.predicted, counts.correct));
    macro.add(metrics.classes.back(), 1);
    weighted.add(metrics.classes.back(), count(counts.support));
    all.support += counts.support, all.predicted += counts.predicted, all.correct += counts.correct;
  }
  const ClassMetrics micro = class_metrics("", all.support, all.predicted, all.correct);
  std::int64_t correct = 0;
  for (const std::int64_t words : correct_) correct += words;
  metrics.values.emplace_back("precision", micro.precision);
  metrics.values.emplace_back("recall", micro.recall);
  metrics.values.emplace_back("f1", micro.f1);
  metrics.values.emplace_back("accuracy", ratio(count(correct), count(metrics.rows)));
  for (const auto& [name, mean] : {std::pair("_macro", &macro), std::pair("_weighted", &weighted)}) {
    metrics.values.emplace_back(std::string("precision") + name, mean->mean(mean->precision));
    metrics.values.emplace_back(std::string("recall") + name, mean->mean(mean->recall));
    metrics.values.emplace_back(std::string("f1") + name, mean->mean(mean->f1));
  }
}

void TokenMetricsAccumulator::tag_result(Metrics& metrics) const {
  for (std::size_t i = 0; i < id2label_.size(); ++i) {
    metrics.classes.push_back(class_metrics(id2label_[i], support_[i], predicted_[i], correct_[i]));
  }
  metrics.confusion = confusion_;
  add_class_values(metrics);
}

Metrics token_metrics(const TokenClassificationFeatures& features, const WordPredictions& predictions,
                      const TokenClassification& task, data::EntityReading reading) {
  if (features.word_labels.size() != features.word_tokens.size()) {
    throw Error("metrics: the words have no tags to compare with");
  }
  TokenMetricsAccumulator metrics(task.labels, task.scheme, reading);
  std::vector<std::int32_t> predicted;
  for (std::size_t sentence = 0; sentence + 1 < features.word_begins.size(); ++sentence) {
    predicted.clear();
    for (const WordPrediction& word : predictions.of_sentence(static_cast<std::int64_t>(sentence))) {
      predicted.push_back(word.label);
    }
    metrics.add(std::span(features.word_labels)
                    .subspan(static_cast<std::size_t>(features.word_begins[sentence]), predicted.size()),
                predicted);
  }
  return metrics.result(predictions.mean_loss());
}

std::string default_token_metric(data::TagScheme scheme) {
  return scheme == data::TagScheme::none ? "accuracy" : "f1";
}

}  // namespace bertune::tasks
