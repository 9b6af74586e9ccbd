#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::ref {

extern const OpTable kTable;

#define BERTUNE_DECLARE(name, Op) void name(const Op& op);
BERTUNE_OPERATIONS(BERTUNE_DECLARE)
#undef BERTUNE_DECLARE

}  // namespace bertune::kernels::ref
