// The layout of a torch tensor in its storage, in every form of its files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checkpoint/pickle.h"

namespace bertune::checkpoint {

// Returns whether a tensor is one run of its storage, in order. Strides of dimensions of size 1 do not
// matter.
bool is_contiguous(const PickledTensor& tensor);

// Elements of the storage from the tensor's first to its last, of a tensor that has some.
std::uint64_t reach(const PickledTensor& tensor);

// The elements of a strided view in row-major order. `bytes`: of the storage, from the tensor's first element
// to its last.
std::vector<std::byte> gather(const PickledTensor& tensor, std::uint64_t elements,
                              std::span<const std::byte> bytes);

}  // namespace bertune::checkpoint
