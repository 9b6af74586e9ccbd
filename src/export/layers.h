// The layers of BERT as nodes of a graph, in the shapes that the transformer optimizer of ONNX Runtime
// recognizes: tests/parity/onnx_parity.py has it fuse them. Tensors have BERT's names, whatever the family.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bertune/config.h"
#include "export/graph.h"

namespace bertune::onnx {

inline constexpr const char *kInputIds = "input_ids", *kAttentionMask = "attention_mask",
                            *kTokenTypeIds = "token_type_ids";

class Layers {
 public:
  Layers(Graph& graph, const BertConfig& config) : graph_(graph), config_(config) {}

  std::string tensor(const std::string& name, const Shape& shape, bool transposed = false);
  // x [..., in] to [..., out], with weight and bias of this name.
  std::string linear(const std::string& x, const std::string& name, std::int64_t in, std::int64_t out,
                     const std::vector<std::string>& outputs = {});
  // The same of a matrix [rows, in].
  std::string gemm(const std::string& x, const std::string& name, std::int64_t in, std::int64_t out,
                   const std::vector<std::string>& outputs = {});
  std::string layer_norm(const std::string& x, const std::string& name, std::int64_t width);
  // `name`: as in config.json. Throws Error for an unknown one.
  std::string activation(const std::string& x, std::string_view name);

  // The hidden states [batch, sequence, H] of input_ids and attention_mask [batch, sequence], and of
  // token_type_ids where the model has several types.
  std::string encoder(const std::string& input_ids, const std::string& attention_mask,
                      const std::string& token_type_ids);

 private:
  std::string position_ids(const std::string& input_ids);
  std::string embeddings(const std::string& input_ids, const std::string& token_type_ids);
  std::string additive_mask(const std::string& attention_mask);
  std::string heads_of(const std::string& x, const std::string& name, const Shape& order);
  std::string attention(const std::string& x, const std::string& prefix, const std::string& mask);
  std::string gelu_tanh(const std::string& x);

  Graph& graph_;
  const BertConfig& config_;
};

}  // namespace bertune::onnx
