// Integrated gradients of the word embeddings (Sundararajan et al. 2017): x - x' times the mean gradient on
// the way from x', where the words are padding, to x. Their sum is what the function gains on that way.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bertune/model.h"
#include "bertune/parameters.h"
#include "insight/explain/passes.h"
#include "insight/explain/sequence.h"
#include "insight/explain/target.h"

namespace bertune::insight {

struct Attributions {
  std::vector<double> of_tokens;
  double value = 0, baseline = 0;  // of the function
  std::int64_t steps = 0;
  double error = 0;  // of completeness, relative to value - baseline
};

struct Accuracy {
  std::int64_t max_steps;
  double max_error;
};

class IntegratedGradients {
 public:
  // Copies the encoder and the head of a model, with its adapter merged. The model is to outlive this.
  explicit IntegratedGradients(const BertPreTrainedModel& model);
  ~IntegratedGradients();

  // With Gauss-Legendre quadrature of 16 steps, then 32, and so on, until the error is small enough or the
  // most steps are reached.
  Attributions explain(const Sequence& sequence, const Target& target, std::int32_t padding,
                       const Accuracy& accuracy, const Passes& passes);

 private:
  class Path;
  std::optional<Parameters> merged_;  // of a model with an adapter
  const Parameters& source_;
  BertPreTrainedModel model_;
};

// Nodes and weights of the quadrature on [0, 1]: exact for polynomials of degree 2 steps - 1.
struct Quadrature {
  std::vector<double> nodes, weights;
};
Quadrature gauss_legendre(std::int64_t steps);

}  // namespace bertune::insight
