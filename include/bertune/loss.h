// What the loss of a classifier may be besides plain cross-entropy.
#pragma once

#include <vector>

namespace bertune {

// The defaults change nothing. Heads refuse what has no meaning for them (BertPreTrainedModel::set_loss).
struct LossOptions {
  // In [0, 1): this share of every label is spread evenly over all classes (torch's cross_entropy and the
  // Trainer's label_smoothing_factor). Of class ids: texts, tokens, choices, masked tokens.
  float label_smoothing = 0;
  // [num_labels], each above 0, or none. Of class ids torch's `weight`: a mean over rows is one over the
  // weights of their labels. Of several labels a text torch's `pos_weight`.
  std::vector<float> class_weights = {};
  // Focal loss (Lin et al. 2017): what is predicted with the probability p counts (1 - p)^gamma times as
  // much. 0: off; not together with label_smoothing.
  float focal_gamma = 0;

  bool is_plain() const { return label_smoothing == 0 && class_weights.empty() && focal_gamma == 0; }
};

}  // namespace bertune
