#pragma once

#include "kernels/ops.h"

namespace bertune::kernels {

// Matrix products by oneDNN, on all threads; inside a parallel region, on the calling one.
void onednn_matmul(const Matmul& op);

}  // namespace bertune::kernels
