// The common part of heads with class ids: the options of their loss.
#include <fmt/format.h>

#include <cmath>

#include "bertune/error.h"
#include "model/heads/head.h"

namespace bertune::model {

void Head::set_loss(const LossOptions& options) {
  const LossSupport support = loss_support();
  const auto refuse = [&](std::string_view option) {
    throw UsageError(fmt::format("{} has no meaning for {}", option, support.what));
  };
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1))
    throw UsageError(fmt::format("label smoothing is {}; it must be in [0, 1)", options.label_smoothing));
  if (!(options.focal_gamma >= 0 && std::isfinite(options.focal_gamma)))
    throw UsageError(
        fmt::format("the gamma of the focal loss is {}; it must be at least 0", options.focal_gamma));
  if (options.label_smoothing > 0 && options.focal_gamma > 0)
    throw UsageError(
        "label smoothing and focal loss cannot be combined: one wants less certain predictions, "
        "the other leaves certain ones alone");
  if (options.label_smoothing > 0 && !support.smoothing) refuse("label smoothing");
  if (options.focal_gamma > 0 && !support.classes) refuse("focal loss");
  if (!options.class_weights.empty() && !support.classes) refuse("weighting classes");
  if (!options.class_weights.empty() &&
      static_cast<std::int64_t>(options.class_weights.size()) != support.num_classes) {
    throw UsageError(fmt::format("there are {} class weights for {} labels", options.class_weights.size(),
                                 support.num_classes));
  }
  for (std::size_t i = 0; i < options.class_weights.size(); ++i) {
    if (!(options.class_weights[i] > 0 && std::isfinite(options.class_weights[i])))
      throw UsageError(
          fmt::format("the class weight of label {} is {}; it must be above 0", i, options.class_weights[i]));
  }
  loss_ = options;
}

LossItems Head::loss_items(const Batch& batch) const { return {label_items(batch.labels), 0}; }

double Head::label_items(const std::vector<std::int32_t>& labels) const {
  double items = 0;
  for (const std::int32_t label : labels) {
    if (label == kIgnoredLabel) continue;
    items += loss_.class_weights.empty() ? 1.0 : double{loss_.class_weights[static_cast<std::size_t>(label)]};
  }
  return items;
}

void Head::add_loss_inputs(const Batch& batch, kernels::Uploads& uploads, LossInputs& inputs) const {
  uploads.add(batch.labels, inputs.labels);
  uploads.add(batch.targets, inputs.targets);
  uploads.add(batch.start_positions, inputs.start_positions);
  uploads.add(batch.end_positions, inputs.end_positions);
  uploads.add(batch.next_sentence_labels, inputs.next_sentence_labels);
  uploads.add(loss_.class_weights, inputs.class_weights);
}

double Head::cross_entropy(const Pass& pass, std::int64_t rows, std::int64_t classes, const float* logits,
                           const std::int32_t* labels, double global_items, float* d_logits) const {
  return pass.loss(pass.ops().cross_entropy, {.rows = rows,
                                              .classes = classes,
                                              .logits = logits,
                                              .labels = labels,
                                              .d_logits = d_logits,
                                              .items = global_items,
                                              .class_weights = pass.loss_inputs.class_weights,
                                              .smoothing = loss_.label_smoothing,
                                              .focal_gamma = loss_.focal_gamma});
}

}  // namespace bertune::model
