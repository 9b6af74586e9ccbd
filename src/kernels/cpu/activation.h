#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

void activation_forward(const ActivationForward& op);
void activation_backward(const ActivationBackward& op);

}  // namespace bertune::kernels::BERTUNE_ISA
