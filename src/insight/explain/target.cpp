#include "insight/explain/target.h"

#include <algorithm>
#include <cmath>

namespace bertune::insight {
namespace {

double log_probability(std::span<const float> logits, std::size_t index, std::size_t stride,
                       std::size_t count) {
  double largest = logits[0];
  for (std::size_t i = 0; i < count; ++i) largest = std::max<double>(largest, logits[i * stride]);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::exp(logits[i * stride] - largest);
  return logits[index * stride] - largest - std::log(sum);
}

double log_sigmoid(double logit) {
  return logit < 0 ? logit - std::log1p(std::exp(logit)) : -std::log1p(std::exp(-logit));
}

// Calls use(log probability) for each part of a value that is a probability.
template <typename Use>
void for_each_part(const Target& target, std::span<const float> logits, const BertConfig& config,
                   const LeftOut& left_out, const Use& use) {
  const auto width = static_cast<std::size_t>(config.num_labels());
  switch (target.kind) {
    case Target::Kind::category:
      return use(log_probability(logits, static_cast<std::size_t>(target.index), 1, width));
    case Target::Kind::label:
      return use(log_sigmoid(logits[static_cast<std::size_t>(target.index)]));
    case Target::Kind::number:
      return;
    case Target::Kind::tags:
      for (const auto& [token, label] : target.tags) {
        use(log_probability(logits.subspan(left_out.place(token) * width, width),
                            static_cast<std::size_t>(label), 1, width));
      }
      return;
    case Target::Kind::span: {
      const std::size_t tokens = logits.size() / 2;
      use(log_probability(logits, left_out.place(target.start), 2, tokens));
      use(log_probability(logits.subspan(1), left_out.place(target.end), 2, tokens));
    }
  }
}

}  // namespace

std::size_t logits_of_sequence(Architecture architecture, const BertConfig& config, std::size_t tokens) {
  if (architecture == Architecture::question_answering) return 2 * tokens;
  const auto width = static_cast<std::size_t>(config.num_labels());
  return architecture == Architecture::token_classification ? tokens * width : width;
}

double value_of(const Target& target, std::span<const float> logits, const BertConfig& config,
                const LeftOut& left_out) {
  if (target.kind == Target::Kind::number) return logits[static_cast<std::size_t>(target.index)];
  double sum = 0, parts = 0;
  for_each_part(target, logits, config, left_out, [&](double log) { sum += std::exp(log), ++parts; });
  return sum / parts;
}

double function_of(const Target& target, std::span<const float> logits, const BertConfig& config) {
  if (target.kind == Target::Kind::number) return logits[static_cast<std::size_t>(target.index)];
  double sum = 0, parts = 0;
  for_each_part(target, logits, config, {}, [&](double log) { sum += log, ++parts; });
  return sum / parts;
}

// Cross-entropy is minus the logarithm of the probability. Of several labels or numbers, those that are not
// explained get what the model says, where their loss has no gradient.
void add_labels(const Target& target, std::span<const float> logits, std::size_t tokens,
                const BertConfig& config, Batch& batch) {
  const auto index = static_cast<std::size_t>(target.index);
  switch (target.kind) {
    case Target::Kind::category:
      batch.labels.push_back(static_cast<std::int32_t>(target.index));
      return;
    case Target::Kind::label:
      for (std::size_t i = 0; i < static_cast<std::size_t>(config.num_labels()); ++i)
        batch.targets.push_back(i == index ? 1.0F : static_cast<float>(std::exp(log_sigmoid(logits[i]))));
      return;
    case Target::Kind::number:
      for (std::size_t i = 0; i < static_cast<std::size_t>(config.num_labels()); ++i)
        batch.targets.push_back(i == index ? logits[i] - 1.0F : logits[i]);
      return;
    case Target::Kind::tags: {
      const std::size_t first = batch.labels.size();
      batch.labels.resize(first + tokens, kIgnoredLabel);
      for (const auto& [token, label] : target.tags) batch.labels[first + token] = label;
      return;
    }
    case Target::Kind::span:
      batch.start_positions.push_back(static_cast<std::int32_t>(target.start));
      batch.end_positions.push_back(static_cast<std::int32_t>(target.end));
  }
}

double gradient_factor(const Target& target, const BertConfig& config) {
  const auto outputs = static_cast<double>(config.num_labels());
  if (target.kind == Target::Kind::label) return -outputs;      // the loss is the mean over labels
  if (target.kind == Target::Kind::number) return outputs / 2;  // and its gradient twice the difference, 1
  return -1;
}

}  // namespace bertune::insight
