#include "export/layers.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "checkpoint/names.h"
#include "kernels/layer_ops.h"

namespace bertune::onnx {

std::string Layers::tensor(const std::string& name, const Shape& shape, bool transposed) {
  return graph_.weight({checkpoint::own_name(config_.model_type, name), shape, transposed});
}

std::string Layers::linear(const std::string& x, const std::string& name, std::int64_t in, std::int64_t out,
                           const std::vector<std::string>& outputs) {
  const std::string product = graph_.add("MatMul", {x, tensor(name + ".weight", {out, in}, true)});
  return graph_.add("Add", {product, tensor(name + ".bias", {out})}, {}, outputs);
}

std::string Layers::gemm(const std::string& x, const std::string& name, std::int64_t in, std::int64_t out,
                         const std::vector<std::string>& outputs) {
  return graph_.add("Gemm", {x, tensor(name + ".weight", {out, in}), tensor(name + ".bias", {out})},
                    {{"transB", 1}}, outputs);
}

std::string Layers::layer_norm(const std::string& x, const std::string& name, std::int64_t width) {
  return graph_.add("LayerNormalization",
                    {x, tensor(name + ".weight", {width}), tensor(name + ".bias", {width})},
                    {{"axis", -1}, {"epsilon", config_.layer_norm_eps}});
}

std::string Layers::gelu_tanh(const std::string& x) {
  const std::string cube =
      graph_.add("Mul", {graph_.add("Pow", {x, graph_.number(3)}), graph_.number(0.044715F)});
  const auto factor = static_cast<float>(std::sqrt(2 / std::numbers::pi));
  const std::string inner = graph_.add("Mul", {graph_.add("Add", {x, cube}), graph_.number(factor)});
  const std::string outer = graph_.add("Add", {graph_.add("Tanh", {inner}), graph_.number(1)});
  return graph_.add("Mul", {graph_.add("Mul", {x, graph_.number(0.5F)}), outer});
}

std::string Layers::activation(const std::string& x, std::string_view name) {
  using enum kernels::Activation;
  const auto times_sigmoid = [&](const std::string& of) {
    return graph_.add("Mul", {x, graph_.add("Sigmoid", {of})});
  };
  switch (kernels::activation_from_string(name)) {
    case gelu: {
      const std::string scaled = graph_.add("Div", {x, graph_.number(std::numbers::sqrt2_v<float>)});
      const std::string sum = graph_.add("Add", {graph_.add("Erf", {scaled}), graph_.number(1)});
      return graph_.add("Mul", {graph_.add("Mul", {x, sum}), graph_.number(0.5F)});
    }
    case gelu_tanh:
      return Layers::gelu_tanh(x);
    case quick_gelu:
      return times_sigmoid(graph_.add("Mul", {x, graph_.number(1.702F)}));
    case silu:
      return times_sigmoid(x);
    case relu:
      return graph_.add("Relu", {x});
    case tanh:
      return graph_.add("Tanh", {x});
  }
  return x;
}

// The rows of the position table: BERT's count the tokens, [1, sequence]. RoBERTa's [batch, sequence] begin
// behind that of padding, which all padding has.
std::string Layers::position_ids(const std::string& input_ids) {
  if (config_.first_position() != 0) {
    const std::string padding = graph_.add("Equal", {input_ids, graph_.integer(config_.pad_token_id)});
    const std::string token =
        graph_.add("Cast", {graph_.add("Not", {padding})}, {{"to", static_cast<int>(DataType::int64)}});
    const std::string count = graph_.add("Mul", {graph_.add("CumSum", {token, graph_.integer(1)}), token});
    return graph_.add("Add", {count, graph_.integer(config_.pad_token_id)});
  }
  std::vector<std::int64_t> all(static_cast<std::size_t>(config_.max_position_embeddings));
  std::iota(all.begin(), all.end(), 0);
  const std::string table = graph_.table("position_ids", {1, config_.max_position_embeddings}, all);
  const std::string length =
      graph_.add("Gather", {graph_.add("Shape", {input_ids}), graph_.integer(1)}, {{"axis", 0}});
  const std::string end = graph_.add("Unsqueeze", {length, graph_.integers({0})});
  return graph_.add("Slice", {table, graph_.integers({0}), end, graph_.integers({1}), graph_.integers({1})});
}

// The only type of a model with one needs no input.
std::string Layers::embeddings(const std::string& input_ids, const std::string& token_type_ids) {
  graph_.enter("embeddings");
  const std::int64_t h = config_.hidden_size, e = config_.embedding_width();
  const auto rows = [&](const char* name, std::int64_t count, const std::string& ids) {
    const std::string table = tensor(fmt::format("bert.embeddings.{}_embeddings.weight", name), {count, e});
    return ids.empty() ? table : graph_.add("Gather", {table, ids});
  };
  std::string sum = rows("word", config_.vocab_size, input_ids);
  if (config_.type_vocab_size > 0)
    sum = graph_.add("Add", {sum, rows("token_type", config_.type_vocab_size, token_type_ids)});
  sum = graph_.add("Add", {sum, rows("position", config_.max_position_embeddings, position_ids(input_ids))});
  const std::string normalized = layer_norm(sum, "bert.embeddings.LayerNorm", e);
  return e == h ? normalized : linear(normalized, "bert.embeddings_project", e, h);
}

// 0 for tokens, the lowest number for padding: [batch, 1, 1, sequence].
std::string Layers::additive_mask(const std::string& attention_mask) {
  graph_.enter("mask");
  std::string mask = graph_.add("Unsqueeze", {attention_mask, graph_.integers({1})});
  mask = graph_.add("Unsqueeze", {mask, graph_.integers({2})});
  mask = graph_.add("Cast", {mask}, {{"to", static_cast<int>(DataType::float32)}});
  mask = graph_.add("Sub", {graph_.number(1), mask});
  return graph_.add("Mul", {mask, graph_.number(std::numeric_limits<float>::lowest())});
}

// A projection [batch, sequence, H] as one matrix a head, its dimensions in this order of batch, token, head
// and element.
std::string Layers::heads_of(const std::string& x, const std::string& name, const Shape& order) {
  const std::int64_t h = config_.hidden_size;
  const std::string split = graph_.add(
      "Reshape",
      {linear(x, name, h, h), graph_.integers({0, 0, config_.num_attention_heads, config_.head_size()})});
  return graph_.add("Transpose", {split}, {{"perm", order}});
}

std::string Layers::attention(const std::string& x, const std::string& prefix, const std::string& mask) {
  const std::string self = prefix + "attention.self.";
  const std::string query = heads_of(x, self + "query", {0, 2, 1, 3}),
                    key = heads_of(x, self + "key", {0, 2, 3, 1}),
                    value = heads_of(x, self + "value", {0, 2, 1, 3});
  const auto root = std::sqrt(static_cast<float>(config_.head_size()));
  std::string scores = graph_.add("Div", {graph_.add("MatMul", {query, key}), graph_.number(root)});
  scores = graph_.add("Softmax", {graph_.add("Add", {scores, mask})}, {{"axis", -1}});
  const std::string context =
      graph_.add("Transpose", {graph_.add("MatMul", {scores, value})}, {{"perm", Shape{0, 2, 1, 3}}});
  const std::string joined = graph_.add("Reshape", {context, graph_.integers({0, 0, config_.hidden_size})});
  return linear(joined, prefix + "attention.output.dense", config_.hidden_size, config_.hidden_size);
}

std::string Layers::encoder(const std::string& input_ids, const std::string& attention_mask,
                            const std::string& token_type_ids) {
  const std::int64_t h = config_.hidden_size, wide = config_.intermediate_size;
  const std::string mask = additive_mask(attention_mask);
  std::string hidden = embeddings(input_ids, token_type_ids);
  for (std::int64_t i = 0; i < config_.num_hidden_layers; ++i) {
    const std::string prefix = fmt::format("bert.encoder.layer.{}.", i);
    graph_.enter(fmt::format("layer.{}/attention", i));
    const std::string attended = graph_.add("Add", {attention(hidden, prefix, mask), hidden});
    hidden = layer_norm(attended, prefix + "attention.output.LayerNorm", h);
    graph_.enter(fmt::format("layer.{}/feed_forward", i));
    const std::string inner =
        activation(linear(hidden, prefix + "intermediate.dense", h, wide), config_.hidden_act);
    const std::string sum = graph_.add("Add", {linear(inner, prefix + "output.dense", wide, h), hidden});
    hidden = layer_norm(sum, prefix + "output.LayerNorm", h);
  }
  return hidden;
}

}  // namespace bertune::onnx
