#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

void adam_step(const AdamStep& op);
void sgd_step(const SgdStep& op);
void adagrad_step(const AdagradStep& op);
double sum_of_squares(const float* values, std::int64_t size);

}  // namespace bertune::kernels::BERTUNE_ISA
