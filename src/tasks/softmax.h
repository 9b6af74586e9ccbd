// Probabilities and losses of one row of logits, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace bertune::tasks {

// The maximum and the sum are kept apart rather than as their log-sum-exp, so that large logits cost no
// digits.
struct Softmax {
  double largest = 0, sum = 0;  // the largest logit, and the sum of exp(logit - largest)

  explicit Softmax(std::span<const float> logits) : largest(*std::max_element(logits.begin(), logits.end())) {
    for (const float logit : logits) sum += std::exp(logit - largest);
  }
  double probability(double logit) const { return std::exp(logit - largest) / sum; }
  double loss(double logit) const { return std::log(sum) - (logit - largest); }
};

}  // namespace bertune::tasks
