#include "insight/data/frozen_features.h"

#include <algorithm>
#include <cmath>

#include "bertune/model.h"
#include "train/text_features.h"

namespace bertune::insight {
namespace {

// Features are computed in the precision that is fastest.
template <typename Use>
void encode_rows(BertPreTrainedModel& model, const PackedEncodings& encodings, std::int64_t rows,
                 const Encoding& encoding, const Use& use) {
  model.set_precision(Precision::fp32, fastest_precision());
  train::encode_rows(model, encodings, rows, encoding.stop, encoding.progress, use);
}

// A head for tokens whose logits are the hidden states themselves: its matrix is the identity.
BertPreTrainedModel model_of_states(const Encoding& encoding) {
  const BertConfig config =
      BertConfig::from_pretrained(encoding.base.empty() ? encoding.model : encoding.base);
  LoadOptions options;
  options.num_labels = config.hidden_size;
  options.ignore_mismatched_sizes = true;
  options.base = encoding.base;
  auto model =
      BertPreTrainedModel::from_pretrained(encoding.model, Architecture::token_classification, options);
  for (const Parameter& parameter : model.parameters().layout()) {
    if (!parameter.head) continue;
    const std::span<float> values = model.parameters().value(parameter.name);
    std::ranges::fill(values, 0.0F);
    if (parameter.shape.size() != 2) continue;
    for (std::int64_t i = 0; i < config.hidden_size; ++i)
      values[static_cast<std::size_t>(i * (config.hidden_size + 1))] = 1;
  }
  return model;
}

}  // namespace

DenseRows mean_pooled(const tasks::PackedExamples& examples, const Encoding& encoding) {
  LoadOptions options;
  options.sentence_embedding = SentenceEmbeddingConfig{};
  options.base = encoding.base;
  auto model =
      BertPreTrainedModel::from_pretrained(encoding.model, Architecture::sentence_embedding, options);
  DenseRows features{.width = model.config().hidden_size};
  const std::int64_t rows = static_cast<std::int64_t>(examples.begins.size()) - 1;
  features.values.reserve(static_cast<std::size_t>(rows * features.width));
  encode_rows(model, examples, rows, encoding,
              [&](std::int64_t /*first*/, const Batch& /*batch*/, const ModelOutput& output) {
                features.values.insert(features.values.end(), output.logits.begin(), output.logits.end());
              });
  return features;
}

DenseRows word_states(const tasks::TokenClassificationFeatures& features, const Encoding& encoding) {
  BertPreTrainedModel model = model_of_states(encoding);
  DenseRows states{.width = model.config().hidden_size};
  const auto width = static_cast<std::size_t>(states.width);
  states.values.resize(features.word_tokens.size() * width);
  encode_rows(
      model, features, features.rows(), encoding,
      [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
        const auto begin = static_cast<std::size_t>(features.begins[static_cast<std::size_t>(first)]);
        for (std::int64_t i = 0; i < batch.sequences(); ++i) {
          const auto row = static_cast<std::size_t>(first + i);
          const auto word_begin = features.word_begins[static_cast<std::size_t>(features.sentences[row])];
          for (auto token = static_cast<std::size_t>(features.begins[row]);
               token < static_cast<std::size_t>(features.begins[row + 1]); ++token) {
            if (features.words[token] < 0) continue;
            const auto word = static_cast<std::size_t>(word_begin + features.words[token]);
            if (features.word_tokens[word] != static_cast<std::int64_t>(token)) continue;
            const auto state = output.logits.subspan((token - begin) * width, width);
            std::ranges::copy(state, states.values.begin() + static_cast<std::ptrdiff_t>(word * width));
          }
        }
      });
  return states;
}

void center(DenseRows& features) {
  const auto width = static_cast<std::size_t>(features.width);
  const auto rows = static_cast<double>(features.rows());
  if (features.rows() == 0) return;
  std::vector<double> mean(width);
  for (std::size_t i = 0; i < features.values.size(); ++i) mean[i % width] += features.values[i];
  double squares = 0;
  for (std::size_t i = 0; i < features.values.size(); ++i) {
    const double value = features.values[i] - mean[i % width] / rows;
    features.values[i] = static_cast<float>(value);
    squares += value * value;
  }
  const auto scale = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares / rows) : 0);
  for (float& value : features.values) value *= scale;
}

DenseRows subset(const DenseRows& features, std::span<const std::int64_t> rows) {
  DenseRows some{.width = features.width};
  for (const std::int64_t row : rows) {
    const auto values = features.row(row);
    some.values.insert(some.values.end(), values.begin(), values.end());
  }
  return some;
}

}  // namespace bertune::insight
