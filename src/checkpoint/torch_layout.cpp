#include "checkpoint/torch_layout.h"

#include <cstring>

namespace bertune::checkpoint {

bool is_contiguous(const PickledTensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

std::uint64_t reach(const PickledTensor& tensor) {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    last += static_cast<std::uint64_t>(tensor.shape[i] - 1) * static_cast<std::uint64_t>(tensor.strides[i]);
  }
  return last + 1;
}

std::vector<std::byte> gather(const PickledTensor& tensor, std::uint64_t elements,
                              std::span<const std::byte> bytes) {
  const std::size_t width = size_of(tensor.dtype), rank = tensor.shape.size();
  std::vector<std::byte> gathered(static_cast<std::size_t>(elements) * width);
  std::vector<std::int64_t> place(rank, 0);
  std::int64_t source = 0;
  for (std::size_t target = 0; target < gathered.size(); target += width) {
    std::memcpy(gathered.data() + target, bytes.data() + static_cast<std::size_t>(source) * width, width);
    for (std::size_t i = rank; i-- > 0;) {
      source += tensor.strides[i];
      if (++place[i] < tensor.shape[i]) break;
      source -= tensor.shape[i] * tensor.strides[i];
      place[i] = 0;
    }
  }
  return gathered;
}

}  // namespace bertune::checkpoint
