#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

void pool_rows(const PoolRows& op);
void pool_rows_backward(const PoolRowsBackward& op);
void normalize_rows(const NormalizeRows& op);
void normalize_rows_backward(const NormalizeRowsBackward& op);
void row_dots(const RowDots& op);
void row_dots_backward(const RowDotsBackward& op);

}  // namespace bertune::kernels::BERTUNE_ISA
