// The graph of an ONNX model, made node by node. Weights are named in it, and read when the model is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "export/onnx_fields.h"

namespace bertune::onnx {

using Shape = std::vector<std::int64_t>;

// A tensor of the checkpoint as the graph has it.
struct Weight {
  std::string tensor;       // its name in the checkpoint
  Shape stored;             // and its shape there
  bool transposed = false;  // [out, in] becomes [in, out]

  std::string name() const { return transposed ? tensor + ".T" : tensor; }
  Shape shape() const;
  std::uint64_t bytes() const;
};

struct Attribute {
  std::string_view name;
  std::variant<std::int64_t, float, Shape> value;
};

// The shape of an input or an output: numbers, and names for what each run decides.
using Dimensions = std::vector<std::variant<std::int64_t, std::string_view>>;

class Graph {
 public:
  void input(std::string_view name, DataType type, const Dimensions& shape);
  void output(std::string_view name, DataType type, const Dimensions& shape);

  // Nodes from here on are named "/SCOPE/...".
  void enter(std::string scope) { scope_ = std::move(scope); }
  // Adds an operator of ONNX with its inputs in order; returns the name of its (first) output. `outputs`:
  // their names; empty: one, named after the node.
  std::string add(std::string_view type, const std::vector<std::string>& inputs,
                  const std::vector<Attribute>& attributes = {}, std::vector<std::string> outputs = {});
  // These return the name of a tensor, which is in the model once.
  std::string weight(const Weight& weight);
  std::string integers(const Shape& values);  // [n]
  std::string integer(std::int64_t value);    // a scalar
  std::string number(float value);            // a scalar
  std::string table(std::string_view name, const Shape& shape, std::span<const std::int64_t> values);

  // The serialized fields of GraphProto, without its weights.
  const std::string& fields() const { return fields_; }
  const std::vector<Weight>& weights() const { return weights_; }

 private:
  std::string constant(std::string name, DataType type, const Shape& shape, std::span<const std::byte> bytes);

  std::string fields_, scope_;
  std::map<std::string, int> named_;  // how many nodes have this name and a number
  std::set<std::string> tensors_;
  std::vector<Weight> weights_;
};

}  // namespace bertune::onnx
