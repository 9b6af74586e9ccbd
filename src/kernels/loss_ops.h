// The losses in the table of operations, each with its gradient.
//
// *loss (null: not wanted) = the mean loss over the rows; d_logits (null: not wanted) is its gradient,
// overwritten. May be in place. Where the rows are a part of those that the mean is over, `items` is what the
// sum is divided by, so that parts add up.
#pragma once

#include <cstdint>

namespace bertune::kernels {

// The loss of a row is sum_c q_c w_c (-log p_c), with p the softmax, w the class weights, and q the label
// smoothed: 1 - s at the label, and s / classes more at every class. Focal: w_y (1 - p_y)^gamma (-log p_y) of
// the label y alone (Lin et al. 2017, equation 5). The mean divides by the sum of w_y (torch's
// cross_entropy). Labels of -100 are left out; a batch of nothing else has loss 0.
struct CrossEntropy {
  std::int64_t rows = 0, classes = 0;
  const float* logits = nullptr;
  const std::int32_t* labels = nullptr;
  float* d_logits = nullptr;
  double items = 0;                      // 0: the rows with a label, each as its weight
  const float* class_weights = nullptr;  // [classes]; null: 1 each
  float smoothing = 0;                   // in [0, 1)
  float focal_gamma = 0;                 // 0: not focal; else there is no smoothing
  double* loss = nullptr;
};
// Mean over all rows * n numbers. Binary cross-entropy, of a target t and p = sigmoid(logit):
// t w (1 - p)^gamma (-log p) + (1 - t) p^gamma (-log(1 - p)); w is torch's pos_weight.
struct ElementwiseLoss {
  std::int64_t rows = 0, n = 0;
  const float* logits = nullptr;
  const float* targets = nullptr;
  float* d_logits = nullptr;
  double items = 0;                         // rows that the mean is over; 0: these
  const float* positive_weights = nullptr;  // [n]; null: 1 each. Not of the squared error, as what follows
  float focal_gamma = 0;
  double* loss = nullptr;
};
// Question answering: the mean of two cross-entropies, of where the answer starts and of where it ends, over
// the tokens of each sequence. Both are means over the sequences that hold their position; the logits of the
// others get a gradient of zero.
struct SpanLoss {
  std::int64_t sequences = 0;
  const std::int32_t* cu_seqlens = nullptr;               // [sequences + 1]
  const float* logits = nullptr;                          // [T, 2]: start, end
  const std::int32_t *starts = nullptr, *ends = nullptr;  // [sequences], within the sequence
  float* d_logits = nullptr;
  double start_items = 0, end_items = 0;  // sequences that the means are over; 0: those of `starts`, `ends`
  double* loss = nullptr;
};

}  // namespace bertune::kernels
