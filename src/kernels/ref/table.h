#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::ref {

extern const OpTable kTable;

}  // namespace bertune::kernels::ref
