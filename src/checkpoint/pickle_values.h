// The values that the pickle of a state dict is made of. Values refer to one another by index, so that cycles
// and deep nesting cost nothing to build or destroy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/dtype.h"

namespace bertune::checkpoint::pickled {

using Index = std::uint32_t;  // into the machine's values

struct None {};
struct Opaque {};  // a value that is allowed and never looked at (a float, bytes, a long integer)
struct Boolean {
  bool value = false;
};

enum class GlobalKind {
  ordered_dict,
  rebuild_tensor,
  rebuild_tensor_v2,
  rebuild_tensor_v3,
  rebuild_parameter,
  parameter,
  size,
  storage_type,
  untyped_storage,
  dtype,
};

struct Global {
  GlobalKind kind;
  DType dtype = DType::f32;  // of storage_type and dtype
};

struct Tuple {
  std::vector<Index> items;
};
struct List {
  std::vector<Index> items;
};
struct Dict {
  std::vector<std::pair<Index, Index>> items;
};

struct Storage {
  std::optional<DType> dtype;  // nothing: untyped, counted in bytes
  std::string_view key;
  std::uint64_t elements = 0;
  // The part of it that tensors see, in elements: all, but for views of torch before 0.4.
  std::uint64_t first = 0, seen = 0;
};

struct Tensor {
  DType dtype = DType::f32;
  std::string_view storage;
  std::uint64_t storage_bytes = 0;
  std::uint64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

using Value = std::variant<None, Opaque, Boolean, std::int64_t, std::string_view, Global, Tuple, List, Dict,
                           Storage, Tensor>;

// Returns nothing if the name is not part of a state dict.
std::optional<Global> find_global(std::string_view module, std::string_view name);

// "a dict", "a tensor", ... for messages.
std::string_view kind_name(const Value& value);

}  // namespace bertune::checkpoint::pickled
