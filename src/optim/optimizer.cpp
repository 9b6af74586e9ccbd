#include <cmath>

#include "bertune/optim.h"
#include "kernels/ops.h"

namespace bertune::optim {

void Optimizer::step(float gradient_scale) {
  ++steps_;
  const std::vector<Parameter>& layout = parameters_->layout();
  for (std::size_t i = 0; i < layout.size();) {  // neighbours with the same decay are one range
    const std::size_t offset = layout[i].offset;
    const bool decay = layout[i].weight_decay;
    std::size_t size = 0;
    for (; i < layout.size() && layout[i].weight_decay == decay; ++i) size += layout[i].size;
    update(offset, size, decay, gradient_scale);
  }
}

double gradient_norm(const Parameters& parameters) {
  const std::span<const float> gradients = parameters.gradients();
  return std::sqrt(
      kernels::ops().sum_of_squares(gradients.data(), static_cast<std::int64_t>(gradients.size())));
}

float clip_scale(double norm, double max_norm) {
  if (max_norm <= 0) return 1.0F;
  const double scale = max_norm / (norm + 1e-6);  // the 1e-6 is PyTorch's
  return scale < 1.0 ? static_cast<float>(scale) : 1.0F;
}

}  // namespace bertune::optim
