#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

double cross_entropy(const CrossEntropy& op);

}  // namespace bertune::kernels::BERTUNE_ISA
