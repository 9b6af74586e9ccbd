#include <cmath>
#include <vector>

#include "bertune/optim.h"
#include "kernels/buffer.h"

namespace bertune::optim {

double gradient_norm(const Parameters& parameters) {
  const float* gradients = parameters.gradients().data();
  if (gradients == nullptr) return 0;  // nothing has asked for them yet
  std::vector<kernels::ConstSegment> segments;
  for (const Parameters::Range& range : parameters.gradient_ranges())
    segments.push_back({gradients + range.offset, static_cast<std::int64_t>(range.size)});
  return kernels::norm(segments);
}

float clip_scale(double norm, double max_norm) {
  if (max_norm <= 0) return 1.0F;
  const double scale = max_norm / (norm + 1e-6);  // the 1e-6 is PyTorch's
  return scale < 1.0 ? static_cast<float>(scale) : 1.0F;
}

}  // namespace bertune::optim
