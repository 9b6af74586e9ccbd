#include "tasks/token_classification/word_predictions.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "bertune/metrics.h"
#include "tasks/softmax.h"

namespace bertune::tasks {

WordPredictions::WordPredictions(const TokenClassificationFeatures& features, const TokenClassification& task)
    : features_(&features),
      num_labels_(static_cast<std::size_t>(task.labels.size())),
      words_(features.word_tokens.size(), WordPrediction{task.outside(), 0, 0}) {}

void WordPredictions::add(std::int64_t row, std::span<const float> logits) {
  const TokenClassificationFeatures& features = *features_;
  const auto index = static_cast<std::size_t>(row);
  const std::int64_t begin = features.begins.at(index), end = features.begins.at(index + 1);
  if (logits.size() != static_cast<std::size_t>(end - begin) * num_labels_) {
    throw Error(fmt::format("predictions: a row of {} tokens has {} logits, where {} are wanted", end - begin,
                            logits.size(), static_cast<std::size_t>(end - begin) * num_labels_));
  }
  const auto first_word =
      static_cast<std::size_t>(features.word_begins[static_cast<std::size_t>(features.sentences[index])]);
  for (std::int64_t token = begin; token < end; ++token) {
    const std::int32_t word = features.words[static_cast<std::size_t>(token)];
    if (word < 0) continue;
    const std::size_t place = first_word + static_cast<std::size_t>(word);
    if (features.word_tokens[place] != token) continue;
    const std::span<const float> scores =
        logits.subspan(static_cast<std::size_t>(token - begin) * num_labels_, num_labels_);
    const Softmax softmax(scores);
    const auto best = std::ranges::max_element(scores);
    WordPrediction& prediction = words_[place];
    prediction.label = static_cast<std::int32_t>(best - scores.begin());
    prediction.score = static_cast<float>(softmax.probability(*best));
    const std::int32_t truth = features.word_labels.empty() ? kIgnoredLabel : features.word_labels[place];
    if (truth >= 0) {
      prediction.loss = static_cast<float>(softmax.loss(scores[static_cast<std::size_t>(truth)]));
    }
    ++spoken_;
  }
}

void WordPredictions::add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
    const auto begin = static_cast<std::size_t>(batch.cu_seqlens[i]),
               size = static_cast<std::size_t>(batch.cu_seqlens[i + 1]) - begin;
    add(first_row + static_cast<std::int64_t>(i),
        output.logits.subspan(begin * num_labels_, size * num_labels_));
  }
}

std::span<const WordPrediction> WordPredictions::of_sentence(std::int64_t sentence) const {
  const auto index = static_cast<std::size_t>(sentence);
  const auto begin = static_cast<std::size_t>(features_->word_begins.at(index)),
             end = static_cast<std::size_t>(features_->word_begins.at(index + 1));
  return std::span(words_).subspan(begin, end - begin);
}

double WordPredictions::mean_loss() const {
  double sum = 0;
  for (const WordPrediction& word : words_) sum += word.loss;
  return spoken_ > 0 ? sum / static_cast<double>(spoken_) : 0.0;
}

}  // namespace bertune::tasks
