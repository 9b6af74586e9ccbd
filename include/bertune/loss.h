// The options of a classifier's loss besides plain cross-entropy.
#pragma once

#include <vector>

namespace bertune {

// The defaults change nothing. Heads refuse what has no meaning for them (BertPreTrainedModel::set_loss).
struct LossOptions {
  // The share of every label, in [0, 1), that is spread evenly over all classes (torch's cross_entropy and
  // the Trainer's label_smoothing_factor). It applies to class ids: of texts, tokens, choices and masked
  // tokens.
  float label_smoothing = 0;
  // One weight above 0 per label [num_labels], or none. For class ids it is torch's `weight`: the mean over
  // rows divides by the sum of their labels' weights. For multi-label classification it is torch's
  // `pos_weight`.
  std::vector<float> class_weights = {};
  // The gamma of focal loss (Lin et al. 2017): a prediction with the probability p counts (1 - p)^gamma times
  // as much. 0: off; cannot be combined with label_smoothing.
  float focal_gamma = 0;

  bool is_plain() const { return label_smoothing == 0 && class_weights.empty() && focal_gamma == 0; }
};

}  // namespace bertune
