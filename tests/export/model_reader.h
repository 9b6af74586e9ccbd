// Reads a file of ONNX back, field by field, for tests of what was written.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <protozero/pbf_message.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/file.h"
#include "export/graph.h"
#include "export/onnx_fields.h"

namespace bertune::onnx::testing {

struct ReadNode {
  std::string type, name;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, Shape> integers;  // attributes of one integer or several
  std::map<std::string, float> numbers;
};

struct ReadTensorProto {
  std::int32_t type = 0;
  Shape shape;
  std::string raw;
  std::map<std::string, std::string> external;

  std::vector<float> floats() const {
    std::vector<float> values(raw.size() / sizeof(float));
    std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
};

struct ReadValue {
  std::int32_t type = 0;
  std::vector<std::string> shape;  // numbers as text
  bool operator==(const ReadValue&) const = default;
};

struct ReadModel {
  std::int64_t ir_version = 0, opset = 0;
  std::string producer, version, graph_name;
  std::vector<ReadNode> nodes;
  std::map<std::string, ReadTensorProto> tensors;
  std::vector<std::string> input_names, output_names;
  std::map<std::string, ReadValue> values;
  int unknown = 0;  // fields that this reader does not know

  std::size_t count(const std::string& type) const {
    std::size_t found = 0;
    for (const ReadNode& node : nodes) found += node.type == type ? 1 : 0;
    return found;
  }
  const ReadNode* node_of(const std::string& output) const {
    for (const ReadNode& node : nodes)
      for (const std::string& made : node.outputs)
        if (made == output) return &node;
    return nullptr;
  }
};

class ModelReader {
 public:
  explicit ModelReader(const std::filesystem::path& path) : bytes_(read_file(path)) {}

  ReadModel read() {
    protozero::pbf_message<ModelField> message(bytes_);
    while (message.next()) {
      switch (message.tag()) {
        case ModelField::ir_version:
          model_.ir_version = message.get_int64();
          break;
        case ModelField::producer_name:
          model_.producer = message.get_string();
          break;
        case ModelField::producer_version:
          model_.version = message.get_string();
          break;
        case ModelField::graph:
          read_graph(message.get_message());
          break;
        case ModelField::opset_import: {
          protozero::pbf_message<OpsetField> opset(message.get_message());
          while (opset.next(OpsetField::version)) model_.opset = opset.get_int64();
          break;
        }
        default:
          skip(message);
      }
    }
    return model_;
  }

 private:
  template <typename Message>
  void skip(Message& message) {
    ++model_.unknown;
    message.skip();
  }

  void read_graph(protozero::pbf_message<GraphField> graph) {
    while (graph.next()) {
      switch (graph.tag()) {
        case GraphField::node:
          read_node(graph.get_message());
          break;
        case GraphField::name:
          model_.graph_name = graph.get_string();
          break;
        case GraphField::initializer:
          read_tensor(graph.get_message());
          break;
        case GraphField::input:
          read_value(graph.get_message(), model_.input_names);
          break;
        case GraphField::output:
          read_value(graph.get_message(), model_.output_names);
          break;
        default:
          skip(graph);
      }
    }
  }

  void read_node(protozero::pbf_message<NodeField> message) {
    ReadNode& node = model_.nodes.emplace_back();
    while (message.next()) {
      switch (message.tag()) {
        case NodeField::input:
          node.inputs.push_back(message.get_string());
          break;
        case NodeField::output:
          node.outputs.push_back(message.get_string());
          break;
        case NodeField::name:
          node.name = message.get_string();
          break;
        case NodeField::op_type:
          node.type = message.get_string();
          break;
        case NodeField::attribute:
          read_attribute(message.get_message(), node);
          break;
        default:
          skip(message);
      }
    }
  }

  void read_attribute(protozero::pbf_message<AttributeField> message, ReadNode& node) {
    std::string name;
    Shape integers;
    std::optional<float> number;
    std::int32_t type = 0;
    while (message.next()) {
      switch (message.tag()) {
        case AttributeField::name:
          name = message.get_string();
          break;
        case AttributeField::f:
          number = message.get_float();
          break;
        case AttributeField::i:
        case AttributeField::ints:
          integers.push_back(message.get_int64());
          break;
        case AttributeField::type:
          type = message.get_enum();
          break;
        default:
          skip(message);
      }
    }
    const auto is = [&](AttributeType wanted) { return type == static_cast<std::int32_t>(wanted); };
    if (number && is(AttributeType::float_number)) node.numbers[name] = *number;
    if (is(AttributeType::integer) || is(AttributeType::integers)) node.integers[name] = integers;
  }

  void read_tensor(protozero::pbf_message<TensorField> message) {
    ReadTensorProto tensor;
    std::string name;
    while (message.next()) {
      switch (message.tag()) {
        case TensorField::dims:
          tensor.shape.push_back(message.get_int64());
          break;
        case TensorField::data_type:
          tensor.type = message.get_int32();
          break;
        case TensorField::name:
          name = message.get_string();
          break;
        case TensorField::raw_data:
          tensor.raw = message.get_bytes();
          break;
        case TensorField::external_data: {
          protozero::pbf_message<EntryField> entry(message.get_message());
          std::string key, value;
          while (entry.next()) {
            std::string& wanted = entry.tag() == EntryField::key ? key : value;
            wanted = entry.get_string();
          }
          tensor.external[key] = value;
          break;
        }
        case TensorField::data_location:
          tensor.external["data_location"] = std::to_string(message.get_enum());
          break;
        default:
          skip(message);
      }
    }
    if (!model_.tensors.emplace(name, tensor).second) ++model_.unknown;  // a name comes once
  }

  void read_value(protozero::pbf_message<ValueField> message, std::vector<std::string>& names) {
    ReadValue value;
    while (message.next()) {
      if (message.tag() == ValueField::name) {
        names.push_back(message.get_string());
        continue;
      }
      protozero::pbf_message<TypeField> type(message.get_message());
      while (type.next(TypeField::tensor)) read_type(type.get_message(), value);
    }
    model_.values[names.back()] = value;
  }

  void read_type(protozero::pbf_message<TensorTypeField> message, ReadValue& value) {
    while (message.next()) {
      if (message.tag() == TensorTypeField::elem_type) {
        value.type = message.get_int32();
        continue;
      }
      protozero::pbf_message<ShapeField> shape(message.get_message());
      while (shape.next(ShapeField::dim)) {
        protozero::pbf_message<DimensionField> dimension(shape.get_message());
        while (dimension.next())
          value.shape.push_back(dimension.tag() == DimensionField::value
                                    ? std::to_string(dimension.get_int64())
                                    : dimension.get_string());
      }
    }
  }

  std::string bytes_;
  ReadModel model_;
};

inline ReadModel read_model(const std::filesystem::path& path) { return ModelReader(path).read(); }

}  // namespace bertune::onnx::testing
