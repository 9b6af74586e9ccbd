#pragma once

#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

void first_token_attention_forward(const FirstTokenAttention& op);
void first_token_attention_backward(const FirstTokenAttentionBackward& op);

}  // namespace bertune::kernels::BERTUNE_ISA
