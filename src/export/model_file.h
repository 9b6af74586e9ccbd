// Writes a graph and its weights as a file of ONNX.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "export/graph.h"

namespace bertune::onnx {

// Returns the values of a tensor of the checkpoint that has this shape; they stay until the next call.
using ReadTensor = std::function<std::span<const float>(const std::string& tensor, const Shape& shape)>;

// Protocol buffers end at 2 GiB.
inline constexpr std::uint64_t kLargestFile = (std::uint64_t{1} << 31) - 1;
inline constexpr const char *kModelFile = "model.onnx", *kDataFile = "model.onnx_data";

// Writes model.onnx into the folder, tensor by tensor. Where it would be larger than `largest`, the weights
// are in model.onnx_data beside it. Returns the bytes of both. Throws Error where one cannot be written, and
// what `read` throws.
std::uint64_t write_model(const std::filesystem::path& folder, const Graph& graph, const ReadTensor& read,
                          std::uint64_t largest = kLargestFile);

}  // namespace bertune::onnx
