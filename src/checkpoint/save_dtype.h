// Weights as a model folder stores them: f32, or rounded to 16 bits.
#pragma once

#include <filesystem>
#include <vector>

#include "bertune/config.h"
#include "checkpoint/safetensors.h"

namespace bertune::checkpoint {

// write_safetensors() of f32 tensors, rounded to `dtype` (to the nearest, ties to even). Throws Error naming
// the tensor when one of its numbers is beyond the range of `dtype`; then nothing is written.
void write_weights(const fs::path& path, std::vector<TensorView> tensors, SaveDtype dtype);

}  // namespace bertune::checkpoint
