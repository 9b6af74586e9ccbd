#include "export/graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <protozero/pbf_builder.hpp>
#include <utility>

namespace bertune::onnx {

using protozero::pbf_builder;

Shape Weight::shape() const { return transposed ? Shape(stored.rbegin(), stored.rend()) : stored; }

std::uint64_t Weight::bytes() const {
  std::uint64_t size = sizeof(float);
  for (const std::int64_t extent : stored) size *= static_cast<std::uint64_t>(extent);
  return size;
}

namespace {

void add_value(std::string& fields, GraphField field, std::string_view name, DataType type,
               const Dimensions& shape) {
  pbf_builder<GraphField> graph(fields);
  pbf_builder<ValueField> value(graph, field);
  value.add_string(ValueField::name, name.data(), name.size());
  pbf_builder<TypeField> of_value(value, ValueField::type);
  pbf_builder<TensorTypeField> tensor(of_value, TypeField::tensor);
  tensor.add_int32(TensorTypeField::elem_type, static_cast<std::int32_t>(type));
  pbf_builder<ShapeField> dimensions(tensor, TensorTypeField::shape);
  for (const auto& dimension : shape) {
    pbf_builder<DimensionField> one(dimensions, ShapeField::dim);
    if (const auto* extent = std::get_if<std::int64_t>(&dimension)) {
      one.add_int64(DimensionField::value, *extent);
    } else {
      const std::string_view parameter = std::get<std::string_view>(dimension);
      one.add_string(DimensionField::parameter, parameter.data(), parameter.size());
    }
  }
}

void add_attribute(pbf_builder<NodeField>& node, const Attribute& attribute) {
  pbf_builder<AttributeField> message(node, NodeField::attribute);
  message.add_string(AttributeField::name, attribute.name.data(), attribute.name.size());
  AttributeType type{};
  if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    message.add_int64(AttributeField::i, *integer);
    type = AttributeType::integer;
  } else if (const auto* number = std::get_if<float>(&attribute.value)) {
    message.add_float(AttributeField::f, *number);
    type = AttributeType::float_number;
  } else {
    for (const std::int64_t value : std::get<Shape>(attribute.value))
      message.add_int64(AttributeField::ints, value);
    type = AttributeType::integers;
  }
  message.add_enum(AttributeField::type, static_cast<std::int32_t>(type));
}

}  // namespace

void Graph::input(std::string_view name, DataType type, const Dimensions& shape) {
  add_value(fields_, GraphField::input, name, type, shape);
}
void Graph::output(std::string_view name, DataType type, const Dimensions& shape) {
  add_value(fields_, GraphField::output, name, type, shape);
}

std::string Graph::add(std::string_view type, const std::vector<std::string>& inputs,
                       const std::vector<Attribute>& attributes, std::vector<std::string> outputs) {
  std::string name = fmt::format("/{}/{}", scope_, type);
  if (const int earlier = named_[name]++; earlier > 0) name += fmt::format("_{}", earlier);
  if (outputs.empty()) outputs.push_back(name + "_output");
  pbf_builder<GraphField> graph(fields_);
  pbf_builder<NodeField> node(graph, GraphField::node);
  for (const std::string& input : inputs) node.add_string(NodeField::input, input);
  for (const std::string& output : outputs) node.add_string(NodeField::output, output);
  node.add_string(NodeField::name, name);
  node.add_string(NodeField::op_type, type.data(), type.size());
  for (const Attribute& attribute : attributes) add_attribute(node, attribute);
  return outputs.front();
}

std::string Graph::weight(const Weight& weight) {
  if (tensors_.insert(weight.name()).second) weights_.push_back(weight);
  return weight.name();
}

std::string Graph::constant(std::string name, DataType type, const Shape& shape,
                            std::span<const std::byte> bytes) {
  if (!tensors_.insert(name).second) return name;
  pbf_builder<GraphField> graph(fields_);
  pbf_builder<TensorField> tensor(graph, GraphField::initializer);
  for (const std::int64_t extent : shape) tensor.add_int64(TensorField::dims, extent);
  tensor.add_int32(TensorField::data_type, static_cast<std::int32_t>(type));
  tensor.add_string(TensorField::name, name);
  tensor.add_bytes(TensorField::raw_data, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return name;
}

std::string Graph::table(std::string_view name, const Shape& shape, std::span<const std::int64_t> values) {
  return constant(std::string(name), DataType::int64, shape, std::as_bytes(values));
}
std::string Graph::integers(const Shape& values) {
  return table(fmt::format("int64[{}]", fmt::join(values, ",")), {static_cast<std::int64_t>(values.size())},
               values);
}
std::string Graph::integer(std::int64_t value) {
  return table(fmt::format("int64({})", value), {}, std::span(&value, 1));
}
std::string Graph::number(float value) {
  return constant(fmt::format("float({})", value), DataType::float32, {},
                  std::as_bytes(std::span(&value, 1)));
}

}  // namespace bertune::onnx
