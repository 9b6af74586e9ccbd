#include "core/dtype.h"

#include <array>

namespace bertune {
namespace {

struct Entry {
  DType dtype;
  std::string_view name;
  std::size_t size;
};
constexpr std::array kTypes = {Entry{DType::f32, "F32", 4},   Entry{DType::f16, "F16", 2},
                               Entry{DType::bf16, "BF16", 2}, Entry{DType::f64, "F64", 8},
                               Entry{DType::i64, "I64", 8},   Entry{DType::i32, "I32", 4},
                               Entry{DType::i16, "I16", 2},   Entry{DType::i8, "I8", 1},
                               Entry{DType::u8, "U8", 1},     Entry{DType::boolean, "BOOL", 1}};

}  // namespace

std::size_t size_of(DType dtype) { return kTypes[static_cast<std::size_t>(dtype)].size; }

std::string_view safetensors_name(DType dtype) { return kTypes[static_cast<std::size_t>(dtype)].name; }

std::optional<DType> dtype_from_safetensors_name(std::string_view name) {
  for (const Entry& entry : kTypes) {
    if (entry.name == name) return entry.dtype;
  }
  return std::nullopt;
}

}  // namespace bertune
