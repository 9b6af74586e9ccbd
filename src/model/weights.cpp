#include "model/weights.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/family.h"
#include "checkpoint/names.h"
#include "model/heads/head.h"

namespace bertune::model {

std::string layer_prefix(std::int64_t layer) { return fmt::format("bert.encoder.layer.{}.", layer); }

void LayoutBuilder::matrix(const std::string& name, std::int64_t rows, std::int64_t columns) {
  parameters_.push_back(
      {.name = checkpoint::own_name(type_, name), .shape = {rows, columns}, .weight_decay = true});
}
void LayoutBuilder::bias(const std::string& name, std::int64_t n) {
  parameters_.push_back({.name = checkpoint::own_name(type_, name), .shape = {n}, .weight_decay = false});
}
void LayoutBuilder::linear(const std::string& name, std::int64_t out, std::int64_t in) {
  matrix(name + ".weight", out, in);
  bias(name + ".bias", out);
}
void LayoutBuilder::layer_norm(const std::string& name, std::int64_t n) {
  bias(name + ".weight", n);
  bias(name + ".bias", n);
}

std::vector<Parameter> parameter_layout(const BertConfig& config, const Head& head) {
  const std::int64_t h = config.hidden_size, e = config.embedding_width();
  std::vector<Parameter> parameters;
  LayoutBuilder layout(parameters, config.model_type);
  layout.matrix("bert.embeddings.word_embeddings.weight", config.vocab_size, e);
  parameters.back().few_rows = !head.ties_word_embeddings();
  layout.matrix("bert.embeddings.position_embeddings.weight", config.max_position_embeddings, e);
  if (config.type_vocab_size > 0)
    layout.matrix("bert.embeddings.token_type_embeddings.weight", config.type_vocab_size, e);
  layout.layer_norm("bert.embeddings.LayerNorm", e);
  if (e != h) layout.linear("bert.embeddings_project", h, e);
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string prefix = layer_prefix(i), self = prefix + "attention.self.";
    for (const char* part : {"query", "key", "value"}) layout.matrix(self + part + ".weight", h, h);
    for (const char* part : {"query", "key", "value"}) layout.bias(self + part + ".bias", h);
    layout.linear(prefix + "attention.output.dense", h, h);
    layout.layer_norm(prefix + "attention.output.LayerNorm", h);
    layout.linear(prefix + "intermediate.dense", config.intermediate_size, h);
    layout.linear(prefix + "output.dense", h, config.intermediate_size);
    layout.layer_norm(prefix + "output.LayerNorm", h);
  }
  head.add_parameters(layout);
  std::int64_t depth = 0;
  for (Parameter& parameter : parameters) {
    const std::optional<std::int64_t> layer = checkpoint::layer_number(parameter.name);
    if (layer) depth = *layer + 1;
    parameter.head = !layer && depth > 0;
    parameter.depth = parameter.head ? config.num_hidden_layers + 1 : depth;
  }
  return parameters;
}

bool QueryKeyValue::is_trained() const { return std::ranges::any_of(parts, &Linear::is_trained); }

std::int64_t QueryKeyValue::scratch_size(std::int64_t rows) const {
  std::int64_t size = 0;
  for (const Linear& part : parts) size = std::max(size, part.scratch_size(rows));
  return size;
}

void QueryKeyValue::add_gradients(const Pass& pass, std::int64_t rows, const float* dy, const float* x,
                                  float* scratch, float* sums) const {
  whole.add_weight_gradient(pass, rows, dy, x);
  whole.add_bias_gradient(pass, rows, dy);
  const std::int64_t h = whole.in;
  if (!whole.weight.is_trained()) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      parts[i].add_weight_gradient(pass, rows, dy + static_cast<std::int64_t>(i) * h, whole.out, x, scratch);
  }
  const bool some_biases =
      std::ranges::any_of(parts, [](const Linear& part) { return part.bias.is_trained(); });
  if (whole.bias.is_trained() || !some_biases) return;
  pass.fill(sums, whole.out, 0);
  pass.ops().column_sums({rows, whole.out, dy, sums});
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i].bias.gradient.add(pass, h, sums + static_cast<std::int64_t>(i) * h);
}

bool EncoderLayerWeights::is_trained() const {
  return query_key_value.is_trained() || attention_output.is_trained() || attention_norm.is_trained() ||
         intermediate.is_trained() || output.is_trained() || output_norm.is_trained();
}

std::int64_t EncoderLayerWeights::scratch_size(std::int64_t rows) const {
  return std::max({query_key_value.scratch_size(rows), attention_output.scratch_size(rows),
                   intermediate.scratch_size(rows), output.scratch_size(rows)});
}

std::int64_t EncoderWeights::lowest_trained_depth() const {
  if (embeddings.word.is_trained() || embeddings.position.is_trained() ||
      embeddings.token_type.is_trained() || embeddings.norm.is_trained() ||
      (embeddings.project && embeddings.project->is_trained()))
    return 0;
  return std::ranges::find_if(layers, &EncoderLayerWeights::is_trained) - layers.begin() + 1;
}

Tensor WeightViews::tensor(const std::string& name) const {
  const std::string own = checkpoint::own_name(options_.type, name);
  const float* value = parameters_.value(own).data();
  const bool wanted = options_.gradients != nullptr && parameters_.find(own)->trainable;
  return {value, wanted ? Gradient(options_.gradients->gradient(own).data()) : Gradient()};
}
Linear WeightViews::linear(const std::string& name, std::int64_t in, std::int64_t out) const {
  Linear linear = f32_linear(name, in, out);
  linear.operands = options_.operands;
  return linear;
}
Linear WeightViews::f32_linear(const std::string& name, std::int64_t in, std::int64_t out) const {
  Linear linear{tensor(name + ".weight"), tensor(name + ".bias"), in, out};
  if (const Parameter* a = parameters_.find(checkpoint::own_name(options_.type, name + kLoraA))) {
    linear.low_rank = {tensor(name + kLoraA), tensor(name + kLoraB), a->shape.front(),
                       options_.low_rank_scale};
  }
  return linear;
}
LayerNorm WeightViews::layer_norm(const std::string& name) const {
  return {tensor(name + ".weight"), tensor(name + ".bias")};
}

namespace {

QueryKeyValue query_key_value(const WeightViews& views, const std::string& self, std::int64_t h) {
  QueryKeyValue whole;
  std::size_t i = 0;
  for (const char* part : {"query", "key", "value"}) whole.parts[i++] = views.linear(self + part, h, h);
  Linear& linear = whole.whole = whole.parts[0];
  linear.out = 3 * h;
  linear.low_rank = {};
  for (const Linear& part : whole.parts) {
    if (!part.weight.is_trained() || part.low_rank.is_trained()) linear.weight.gradient = {};
    if (!part.bias.is_trained()) linear.bias.gradient = {};
  }
  return whole;
}

}  // namespace

EncoderWeights encoder_weights(const BertConfig& config, const WeightViews& views, HiddenStates wanted) {
  const std::int64_t h = config.hidden_size, e = config.embedding_width();
  EncoderWeights weights{.config = &config, .wanted = wanted, .embeddings = {}, .layers = {}};
  weights.embeddings = {
      views.tensor("bert.embeddings.word_embeddings.weight"),
      views.tensor("bert.embeddings.position_embeddings.weight"),
      config.type_vocab_size > 0 ? views.tensor("bert.embeddings.token_type_embeddings.weight") : Tensor{},
      views.layer_norm("bert.embeddings.LayerNorm"), std::nullopt};
  if (e != h) weights.embeddings.project = views.linear("bert.embeddings_project", e, h);
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string prefix = layer_prefix(i);
    weights.layers.push_back({
        .query_key_value = query_key_value(views, prefix + "attention.self.", h),
        .attention_output = views.linear(prefix + "attention.output.dense", h, h),
        .intermediate = views.linear(prefix + "intermediate.dense", h, config.intermediate_size),
        .output = views.linear(prefix + "output.dense", config.intermediate_size, h),
        .attention_norm = views.layer_norm(prefix + "attention.output.LayerNorm"),
        .output_norm = views.layer_norm(prefix + "output.LayerNorm"),
        .activation = kernels::activation_from_string(config.hidden_act),
    });
  }
  return weights;
}

namespace {

constexpr std::array<std::string_view, 4> kParts = {"attention.self", "attention.output", "intermediate",
                                                    "output"};

std::string part_name(std::size_t layer, std::size_t part) {
  return fmt::format("encoder.layer.{}.{}", layer, kParts[part]);
}

}  // namespace

std::vector<std::string> encoder_parts(std::int64_t layers) {
  std::vector<std::string> names;
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(layers); ++layer) {
    for (std::size_t part = 0; part < kParts.size(); ++part) names.push_back(part_name(layer, part));
  }
  return names;
}

PackedWeights::PackedWeights(EncoderWeights& weights, const std::optional<Int8>& int8) {
  std::int64_t size = 0;
  std::vector<Linear*> linears;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    EncoderLayerWeights& layer = weights.layers[i];
    Linear* const parts[] = {&layer.query_key_value.whole, &layer.attention_output, &layer.intermediate,
                             &layer.output};
    // The last layer's keys and values are absorbed for the first token; its query is a part of the matrix.
    const bool absorbed = i + 1 == weights.layers.size() && weights.wanted != HiddenStates::every_token;
    for (std::size_t part = absorbed ? 1 : 0; part < kParts.size(); ++part) {
      linears.push_back(parts[part]);
      if (int8 && std::ranges::find(int8->float32_parts, part_name(i, part)) == int8->float32_parts.end())
        parts[part]->operands = kernels::Operands::int8;
    }
  }
  const auto packed_size = [](const Linear& linear) {
    return (kernels::ops().packed_size(linear.output(1, nullptr, nullptr)) + 15) / 16 * 16;
  };
  for (const Linear* linear : linears) size += packed_size(*linear);
  buffer_ = kernels::Buffer<float>(static_cast<std::size_t>(size));
  float* next = buffer_.data();
  for (Linear* linear : linears) {
    if (packed_size(*linear) == 0) continue;
    kernels::ops().pack_b({linear->output(1, nullptr, nullptr), next});
    linear->packed = next;
    next += packed_size(*linear);
  }
}

}  // namespace bertune::model
