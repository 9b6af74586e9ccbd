// The fields of ONNX's messages (onnx.proto, version 8 of its IR) that are written here, by their numbers.
#pragma once

#include <cstdint>
#include <protozero/types.hpp>

namespace bertune::onnx {

inline constexpr std::int64_t kIrVersion = 8, kOpset = 17;

enum class ModelField : protozero::pbf_tag_type {
  ir_version = 1,
  producer_name = 2,
  producer_version = 3,
  graph = 7,
  opset_import = 8
};
enum class OpsetField : protozero::pbf_tag_type { version = 2 };
enum class GraphField : protozero::pbf_tag_type {
  node = 1,
  name = 2,
  initializer = 5,
  input = 11,
  output = 12
};
enum class NodeField : protozero::pbf_tag_type {
  input = 1,
  output = 2,
  name = 3,
  op_type = 4,
  attribute = 5
};
enum class AttributeField : protozero::pbf_tag_type { name = 1, f = 2, i = 3, ints = 8, type = 20 };
enum class AttributeType : std::int32_t { float_number = 1, integer = 2, integers = 7 };
enum class TensorField : protozero::pbf_tag_type {
  dims = 1,
  data_type = 2,
  name = 8,
  raw_data = 9,
  external_data = 13,
  data_location = 14
};
inline constexpr std::int32_t kExternalLocation = 1;
enum class EntryField : protozero::pbf_tag_type { key = 1, value = 2 };
enum class ValueField : protozero::pbf_tag_type { name = 1, type = 2 };
enum class TypeField : protozero::pbf_tag_type { tensor = 1 };
enum class TensorTypeField : protozero::pbf_tag_type { elem_type = 1, shape = 2 };
enum class ShapeField : protozero::pbf_tag_type { dim = 1 };
enum class DimensionField : protozero::pbf_tag_type { value = 1, parameter = 2 };

// TensorProto.DataType.
enum class DataType : std::int32_t { float32 = 1, int64 = 7, boolean = 9 };

}  // namespace bertune::onnx
