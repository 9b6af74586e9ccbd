#include "model/heads/pooled_heads.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bertune/error.h"
#include "model/heads/labels.h"

namespace bertune::model {

ProblemType effective_problem_type(const BertConfig& config, const Batch& batch) {
  if (config.problem_type) return *config.problem_type;
  if (config.num_labels() == 1) return ProblemType::regression;
  return batch.targets.empty() ? ProblemType::single_label_classification
                               : ProblemType::multi_label_classification;
}

PooledHead::PooledHead(const BertConfig& config, const checkpoint::PooledHead& head, std::int64_t outputs)
    : config_(config),
      outputs_(outputs),
      pooler_(config, head),
      classifier_(config, std::string(head.output), outputs) {}

void PooledHead::add_parameters(LayoutBuilder& layout) const {
  pooler_.add_parameters(layout);
  classifier_.add_parameters(layout);
}

void PooledHead::bind(const WeightViews& views) {
  pooler_.bind(views);
  classifier_.bind(views);
}

void PooledHead::take_memory(HeadActivations& activations, kernels::Arena& arena, const BatchSize& size,
                             bool training) const {
  pooler_.take_memory(activations.pooler, arena, size.sequences, training);
  WindowActivations& windows = activations.windows;
  const std::int64_t logits = std::max(size.sequences, size.windows) * outputs_;
  for (float** piece : {&windows.logits, &windows.text_logits}) *piece = arena.take(logits);
  if (!training) return;
  for (float** piece : {&windows.d_logits, &windows.d_text_logits}) *piece = arena.take(logits);
}

kernels::PoolRows PooledHead::pooling(const Pass& pass, const Batch& batch,
                                      const WindowActivations& windows) const {
  const bool is_max = batch.window_score == WindowScore::max;
  return {pass.texts, outputs_, is_max ? kernels::PoolKind::max : kernels::PoolKind::mean, windows.logits,
          windows.text_logits};
}

ModelOutput PooledHead::forward(const Pass& pass, const Batch& batch, const float* hidden, bool has_labels,
                                HeadActivations& activations) const {
  const float* features = pooler_.forward(pass, hidden, activations.pooler);
  const WindowActivations& windows = activations.windows;
  if (!batch.window_logits.empty())
    pass.ops().upload(windows.logits, batch.window_logits.data(), batch.window_logits.size() * sizeof(float));
  const std::int64_t first = batch.first_window * outputs_;
  activations.output = {.logits = windows.logits + first,
                        .d_logits = windows.d_logits == nullptr ? nullptr : windows.d_logits + first};
  ModelOutput output;
  output.logits = classifier_.forward(pass, pass.layout.sequences, features, activations.output);
  if (!batch.cu_texts.empty()) {
    pass.ops().pool_rows(pooling(pass, batch, windows));
    output.logits = {windows.text_logits, static_cast<std::size_t>(batch.texts() * outputs_)};
  }
  if (has_labels && batch.first_window == 0)
    output.loss = static_cast<float>(loss(pass, batch, output.logits.data(), nullptr));
  return output;
}

void PooledHead::backward(const Pass& pass, const Batch& batch, float scale, HeadActivations& activations,
                          float* d_hidden) const {
  const WindowActivations& windows = activations.windows;
  if (batch.cu_texts.empty()) {
    loss(pass, batch, windows.logits, windows.d_logits);
  } else {
    loss(pass, batch, windows.text_logits, windows.d_text_logits);
    pass.ops().pool_rows_backward({pooling(pass, batch, windows), windows.d_text_logits, windows.d_logits});
  }
  classifier_.backward(pass, pass.layout.sequences, scale, activations.output, activations.pooler.d_pooled);
  pooler_.backward(pass, activations.pooler, d_hidden);
}

double PooledHead::loss(const Pass& pass, const Batch& batch, const float* logits, float* d_logits) const {
  return cross_entropy(pass, batch.texts(), outputs_, logits, pass.loss_inputs.labels,
                       batch.global_items.first, d_logits);
}

SequenceClassificationHead::SequenceClassificationHead(const BertConfig& config)
    : PooledHead(config, checkpoint::family_of(config).sequence_classification, config.num_labels()) {}

bool SequenceClassificationHead::check_labels(const Batch& batch) const {
  if (batch.labels.empty() && batch.targets.empty()) return false;
  const std::int64_t texts = batch.texts(), labels = config_.num_labels();
  if (effective_problem_type(config_, batch) == ProblemType::single_label_classification) {
    check_class_ids(batch.labels, texts, "sequence", labels);
  } else if (static_cast<std::int64_t>(batch.targets.size()) != texts * labels) {
    throw Error(fmt::format("a batch of {} sequences and {} labels needs {} targets, and has {}", texts,
                            labels, texts * labels, batch.targets.size()));
  }
  return true;
}

double SequenceClassificationHead::loss(const Pass& pass, const Batch& batch, const float* logits,
                                        float* d_logits) const {
  const LossInputs& inputs = pass.loss_inputs;
  kernels::ElementwiseLoss elements{.rows = batch.texts(),
                                    .n = config_.num_labels(),
                                    .logits = logits,
                                    .targets = inputs.targets,
                                    .d_logits = d_logits,
                                    .items = batch.global_items.first};
  switch (effective_problem_type(config_, batch)) {
    case ProblemType::single_label_classification:
      return PooledHead::loss(pass, batch, logits, d_logits);
    case ProblemType::multi_label_classification:
      elements.positive_weights = inputs.class_weights, elements.focal_gamma = loss_.focal_gamma;
      return pass.loss(pass.ops().binary_cross_entropy, elements);
    case ProblemType::regression:
      return pass.loss(pass.ops().mean_squared_error, elements);
  }
  return 0;
}

LossItems SequenceClassificationHead::loss_items(const Batch& batch) const {
  if (batch.first_window > 0) return {};  // a text counts once
  if (effective_problem_type(config_, batch) == ProblemType::single_label_classification)
    return PooledHead::loss_items(batch);
  return {static_cast<double>(batch.texts()), 0};
}

LossSupport SequenceClassificationHead::loss_support() const {
  const std::int64_t labels = config_.num_labels();
  switch (effective_problem_type(config_, {})) {
    case ProblemType::single_label_classification:
      return {"texts with one label", true, true, labels};
    case ProblemType::multi_label_classification:
      return {"texts with several labels", false, true, labels};
    case ProblemType::regression:
      break;
  }
  return {.what = "a regression"};
}

MultipleChoiceHead::MultipleChoiceHead(const BertConfig& config)
    : PooledHead(config, checkpoint::family_of(config).multiple_choice, 1) {}

bool MultipleChoiceHead::check_labels(const Batch& batch) const {
  if (batch.num_choices < 1 || batch.sequences() % batch.num_choices != 0) {
    throw Error(fmt::format("a batch of {} sequences cannot be questions of {} choices each",
                            batch.sequences(), batch.num_choices));
  }
  if (batch.labels.empty()) return false;
  check_class_ids(batch.labels, batch.sequences() / batch.num_choices, "question", batch.num_choices);
  return true;
}

double MultipleChoiceHead::loss(const Pass& pass, const Batch& batch, const float* logits,
                                float* d_logits) const {
  return cross_entropy(pass, batch.sequences() / batch.num_choices, batch.num_choices, logits,
                       pass.loss_inputs.labels, batch.global_items.first, d_logits);
}

NextSentenceHead::NextSentenceHead(const BertConfig& config)
    : PooledHead(config, *checkpoint::family_of(config).next_sentence, 2) {}

bool NextSentenceHead::check_labels(const Batch& batch) const {
  if (batch.labels.empty()) return false;
  check_class_ids(batch.labels, batch.sequences(), "sequence", 2);
  return true;
}

}  // namespace bertune::model
