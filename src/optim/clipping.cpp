#include <cmath>

#include "bertune/optim.h"
#include "kernels/ops.h"

namespace bertune::optim {

double gradient_norm(const Parameters& parameters) {
  const std::span<const float> gradients = parameters.gradients();
  if (gradients.empty()) return 0;
  const auto squares = [&](std::size_t offset, std::size_t size) {
    return kernels::ops().sum_of_squares(gradients.data() + offset, static_cast<std::int64_t>(size));
  };
  double sum = 0;
  for (const Parameters::Range& range : parameters.trainable_ranges())
    sum += squares(range.offset, range.size);
  const Parameter* sparse = parameters.rows_are_tracked() ? parameters.few_rows() : nullptr;
  if (sparse == nullptr) return std::sqrt(sum);
  const auto width = static_cast<std::size_t>(sparse->shape.back());
  for (const std::int32_t row : parameters.marked_rows())
    sum += squares(sparse->offset + static_cast<std::size_t>(row) * width, width);
  return std::sqrt(sum);
}

float clip_scale(double norm, double max_norm) {
  if (max_norm <= 0) return 1.0F;
  const double scale = max_norm / (norm + 1e-6);  // the 1e-6 is PyTorch's
  return scale < 1.0 ? static_cast<float>(scale) : 1.0F;
}

}  // namespace bertune::optim
