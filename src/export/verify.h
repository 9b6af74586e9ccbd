// Runs an exported model with ONNX Runtime, and compares it with the model that it was made of.
#pragma once

#include <filesystem>

#include "export/runtime.h"

namespace bertune::onnx {

// Returns the largest difference of outputs, relative where they are above 1, over texts of two lengths with
// padding. Throws Error where it is above kLargestDifference, and what ONNX Runtime says of the file.
inline constexpr double kLargestDifference = 1e-4;
double verify(const Runtime& runtime, const std::filesystem::path& file, const std::filesystem::path& model,
              const std::filesystem::path& base = {});

}  // namespace bertune::onnx
