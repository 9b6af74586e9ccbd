// The operations of one instruction set.
#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

std::int64_t packed_size(const Matmul& op);
#define BERTUNE_DECLARE(name, Op) void name(const Op& op);
BERTUNE_OPERATIONS(BERTUNE_DECLARE)
#undef BERTUNE_DECLARE

}  // namespace bertune::kernels::BERTUNE_ISA
