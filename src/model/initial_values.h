// The initial values of parameters that no checkpoint has: numbers that are drawn on the host.
#pragma once

#include <cstdint>
#include <span>

#include "bertune/config.h"
#include "bertune/parameters.h"

namespace bertune::model {

// normal(0, initializer_range) for matrices, zero for biases, one for LayerNorm weights (Transformers'
// BertPreTrainedModel._init_weights); of low-rank matrices a from U(-1/sqrt(in), 1/sqrt(in)) and b zero
// (PEFT). A function of seed and name alone.
void initialize(const BertConfig& config, Parameters& parameters, const Parameter& parameter,
                std::uint64_t seed);

}  // namespace bertune::model
