#pragma once

#include "kernels/ops.h"

namespace bertune::kernels {

// A table of cpu/ with what it leaves to the reference.
OpTable completed(OpTable table);

}  // namespace bertune::kernels
