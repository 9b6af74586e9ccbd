#include "checkpoint/save_dtype.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/untrusted.h"
#include "core/dtype.h"
#include "core/names.h"

namespace bertune {
namespace {

constexpr Names kNames(std::to_array<Named<SaveDtype>>(
    {{SaveDtype::float32, "float32"}, {SaveDtype::float16, "float16"}, {SaveDtype::bfloat16, "bfloat16"}}));

}  // namespace

std::string_view to_string(SaveDtype dtype) { return kNames.of(dtype); }

SaveDtype save_dtype_from_string(std::string_view name) {
  if (const auto dtype = kNames.find(name)) return *dtype;
  throw UsageError("save_dtype",
                   fmt::format("`save_dtype` is \"{}\"; it must be {}", name, kNames.choices("or")));
}

namespace checkpoint {
namespace {

std::vector<std::uint16_t> rounded(const TensorView& tensor, SaveDtype dtype, const fs::path& path) {
  std::vector<std::uint16_t> halves(tensor.bytes.size() / sizeof(float));
  for (std::size_t i = 0; i < halves.size(); ++i) {
    float value = 0;
    std::memcpy(&value, tensor.bytes.data() + i * sizeof value, sizeof value);
    const bool f16 = dtype == SaveDtype::float16;
    halves[i] = f16 ? f32_to_f16(value) : f32_to_bf16(value);
    if (std::isinf(f16 ? f16_to_f32(halves[i]) : bf16_to_f32(halves[i]))) {
      throw Error(fmt::format("{}: tensor {} holds {}, which {} cannot; save it as {}", path.string(),
                              in_quotes(tensor.name), value, to_string(dtype),
                              f16 ? "bfloat16 or float32" : "float32"));
    }
  }
  return halves;
}

}  // namespace

void write_weights(const fs::path& path, std::vector<TensorView> tensors, SaveDtype dtype) {
  std::vector<std::vector<std::uint16_t>> storage;
  if (dtype != SaveDtype::float32) {
    for (TensorView& tensor : tensors) {
      storage.push_back(rounded(tensor, dtype, path));
      tensor.dtype = dtype == SaveDtype::float16 ? DType::f16 : DType::bf16;
      tensor.bytes = std::as_bytes(std::span(storage.back()));
    }
  }
  write_safetensors(path, std::move(tensors));
}

}  // namespace checkpoint
}  // namespace bertune
