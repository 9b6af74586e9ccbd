#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

void attention_forward(const AttentionForward& op);
void attention_backward(const AttentionBackward& op);

}  // namespace bertune::kernels::BERTUNE_ISA
