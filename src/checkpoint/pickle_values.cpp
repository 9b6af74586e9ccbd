#include "checkpoint/pickle_values.h"

#include <array>

namespace bertune::checkpoint::pickled {
namespace {

struct Known {
  std::string_view module, name;
  Global global;
};

constexpr std::array kKnown = {
    Known{"collections", "OrderedDict", {GlobalKind::ordered_dict}},
    Known{"torch._utils", "_rebuild_tensor", {GlobalKind::rebuild_tensor}},
    Known{"torch._utils", "_rebuild_tensor_v2", {GlobalKind::rebuild_tensor_v2}},
    Known{"torch._utils", "_rebuild_tensor_v3", {GlobalKind::rebuild_tensor_v3}},
    Known{"torch._utils", "_rebuild_parameter", {GlobalKind::rebuild_parameter}},
    Known{"torch.nn.parameter", "Parameter", {GlobalKind::parameter}},
    Known{"torch", "Size", {GlobalKind::size}},
    Known{"torch", "UntypedStorage", {GlobalKind::untyped_storage}},
    Known{"torch.storage", "UntypedStorage", {GlobalKind::untyped_storage}},
    Known{"torch", "FloatStorage", {GlobalKind::storage_type, DType::f32}},
    Known{"torch", "HalfStorage", {GlobalKind::storage_type, DType::f16}},
    Known{"torch", "BFloat16Storage", {GlobalKind::storage_type, DType::bf16}},
    Known{"torch", "DoubleStorage", {GlobalKind::storage_type, DType::f64}},
    Known{"torch", "LongStorage", {GlobalKind::storage_type, DType::i64}},
    Known{"torch", "IntStorage", {GlobalKind::storage_type, DType::i32}},
    Known{"torch", "ShortStorage", {GlobalKind::storage_type, DType::i16}},
    Known{"torch", "CharStorage", {GlobalKind::storage_type, DType::i8}},
    Known{"torch", "ByteStorage", {GlobalKind::storage_type, DType::u8}},
    Known{"torch", "BoolStorage", {GlobalKind::storage_type, DType::boolean}},
    Known{"torch", "float32", {GlobalKind::dtype, DType::f32}},
    Known{"torch", "float16", {GlobalKind::dtype, DType::f16}},
    Known{"torch", "bfloat16", {GlobalKind::dtype, DType::bf16}},
    Known{"torch", "float64", {GlobalKind::dtype, DType::f64}},
    Known{"torch", "int64", {GlobalKind::dtype, DType::i64}},
    Known{"torch", "int32", {GlobalKind::dtype, DType::i32}},
    Known{"torch", "int16", {GlobalKind::dtype, DType::i16}},
    Known{"torch", "int8", {GlobalKind::dtype, DType::i8}},
    Known{"torch", "uint8", {GlobalKind::dtype, DType::u8}},
    Known{"torch", "bool", {GlobalKind::dtype, DType::boolean}},
};

}  // namespace

std::optional<Global> find_global(std::string_view module, std::string_view name) {
  for (const Known& known : kKnown) {
    if (known.module == module && known.name == name) return known.global;
  }
  return std::nullopt;
}

std::string_view kind_name(const Value& value) {
  constexpr std::array<std::string_view, std::variant_size_v<Value>> kNames = {
      "None",    "a plain value", "a truth value", "a number",  "a text",  "a class or function",
      "a tuple", "a list",        "a dict",        "a storage", "a tensor"};
  return kNames.at(value.index());
}

}  // namespace bertune::checkpoint::pickled
