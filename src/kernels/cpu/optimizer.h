#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

void adam_step(const AdamStep& op);
void sgd_step(const SgdStep& op);
void adamax_step(const AdamaxStep& op);
void adagrad_step(const AdagradStep& op);
void adadelta_step(const AdadeltaStep& op);
void rmsprop_step(const RmspropStep& op);
void asgd_step(const AsgdStep& op);
void rprop_step(const RpropStep& op);
void lion_step(const LionStep& op);
void square_sums(const SquareSums& op);
void factored_update(const FactoredUpdate& op);
double sum_of_squares(const float* values, std::int64_t size);

}  // namespace bertune::kernels::BERTUNE_ISA
