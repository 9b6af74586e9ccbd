#pragma once

#include "kernels/cpu/operations.h"

namespace bertune::kernels::BERTUNE_ISA {

// sums[c] += partial_sums[block * stride + c] over the blocks, in order.
void add_partial_sums(const float* partial_sums, std::int64_t blocks, std::int64_t stride, std::int64_t n,
                      float* sums);

}  // namespace bertune::kernels::BERTUNE_ISA
