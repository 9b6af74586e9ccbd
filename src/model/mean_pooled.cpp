#include "model/mean_pooled.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "bertune/error.h"
#include "checkpoint/family.h"
#include "checkpoint/names.h"
#include "kernels/host_access.h"
#include "kernels/ops.h"
#include "model/initial_values.h"
#include "model/weights.h"

namespace bertune::model {
namespace {

// The mean is this many times as large as the residual that attention adds to it; the normalization behind it
// leaves nothing but the mean. A power of two that float16 and bfloat16 hold.
constexpr float kMeanScale = 16384;

// The part of an activation function in which it is a line of slope `slope`: at `shift`, for inputs up to 1
// that are scaled by `scale`.
struct LinearPart {
  float scale = 1, shift = 0;
};

// tanh is one near zero (the error is a third of the square of the input); ReLU and GELU are x where x is
// large.
LinearPart linear_part(std::string_view activation) {
  if (activation == "tanh") return {.scale = 1.0F / 64};
  if (activation == "relu") return {.shift = 1};
  return {.shift = 6};
}

class Filler {
 public:
  Filler(const BertConfig& config, Parameters& parameters) : config_(config), parameters_(parameters) {}

  // `name` is BERT's.
  const Parameter& parameter(const std::string& name) const {
    return *parameters_.find(checkpoint::own_name(config_.model_type, name));
  }
  void fill(const std::string& name, float number) const {
    write(parameter(name), [number](std::span<float> values) { std::ranges::fill(values, number); });
  }
  void diagonal(const std::string& name, float number) const {
    write(parameter(name), [&](std::span<float> values) {
      std::ranges::fill(values, 0.0F);
      const auto step = static_cast<std::size_t>(config_.hidden_size) + 1;
      for (std::size_t i = 0; i < values.size(); i += step) values[i] = number;
    });
  }
  void copy(const Parameter& to, std::span<const float> numbers) const {
    write(to, [numbers](std::span<float> values) { std::ranges::copy(numbers, values.begin()); });
  }
  void initialize(const std::string& name) const {
    constexpr std::uint64_t kSeed = 42;
    model::initialize(config_, parameters_, parameter(name), kSeed);
  }

 private:
  template <typename Write>
  void write(const Parameter& parameter, const Write& use) const {
    kernels::write_on_host(parameters_.values().subspan(parameter.offset, parameter.size), use);
  }

  const BertConfig& config_;
  Parameters& parameters_;
};

// Queries and keys whose products are zero look at all tokens alike, and what the feed-forward block adds is
// zero. Queries and the inner layer keep usual numbers, so that the layer learns when it is trained further.
void fill_layer(const Filler& filler, std::int64_t layer) {
  const std::string prefix = layer_prefix(layer), self = prefix + "attention.self.";
  filler.initialize(self + "query.weight");
  filler.fill(self + "key.weight", 0);
  filler.diagonal(self + "value.weight", 1);
  filler.diagonal(prefix + "attention.output.dense.weight", kMeanScale);
  filler.initialize(prefix + "intermediate.dense.weight");
  filler.fill(prefix + "output.dense.weight", 0);
  for (const char* bias : {"attention.self.query", "attention.self.key", "attention.self.value",
                           "attention.output.dense", "intermediate.dense", "output.dense"})
    filler.fill(prefix + bias + ".bias", 0);
  for (const char* norm : {"attention.output.LayerNorm", "output.LayerNorm"}) {
    filler.fill(prefix + norm + ".weight", 1);
    filler.fill(prefix + norm + ".bias", 0);
  }
}

// The dense layer of the head lets the normalized mean pass through its activation, in the part where that is
// a line, and the classifier undoes scale and shift.
void fill_head(const Filler& filler, const BertConfig& config, const MeanPooledClassifier& classifier) {
  const checkpoint::PooledHead& head = checkpoint::family_of(config).sequence_classification;
  const LinearPart part = linear_part(head.activation(config));
  const std::string dense(head.dense), output(head.output);
  filler.diagonal(dense + ".weight", part.scale / std::sqrt(static_cast<float>(config.hidden_size)));
  filler.fill(dense + ".bias", part.shift);
  std::vector<float> weight = classifier.weight, bias = classifier.bias;
  const auto width = static_cast<std::size_t>(config.hidden_size);
  for (std::size_t label = 0; label < bias.size(); ++label) {
    double sum = 0;
    for (float& number : std::span(weight).subspan(label * width, width)) {
      number /= part.scale;
      sum += double{number};
    }
    bias[label] = static_cast<float>(double{bias[label]} - sum * double{part.shift});
  }
  filler.copy(filler.parameter(output + ".weight"), weight);
  filler.copy(filler.parameter(output + ".bias"), bias);
}

}  // namespace

BertConfig mean_pooled_config(const BertConfig& encoder, const MeanPooledClassifier& classifier) {
  BertConfig config = encoder;
  ++config.num_hidden_layers;
  config.id2label = classifier.id2label, config.problem_type = classifier.problem_type;
  const std::size_t labels = classifier.id2label.size();
  if (labels == 0 || classifier.bias.size() != labels ||
      classifier.weight.size() != labels * static_cast<std::size_t>(config.hidden_size)) {
    throw Error(fmt::format("a classifier of {} labels on {} features has {} weights and {} biases", labels,
                            config.hidden_size, classifier.weight.size(), classifier.bias.size()));
  }
  return config;
}

void fill_mean_pooled(const BertConfig& config, const Parameters& encoder,
                      const MeanPooledClassifier& classifier, Parameters& parameters) {
  const Filler filler(config, parameters);
  kernels::HostView<float> view;
  const std::span<const float> known = view.see(encoder.values());
  for (const Parameter& parameter : parameters.layout()) {
    const Parameter* same = encoder.find(parameter.name);
    if (same != nullptr && !same->head) filler.copy(parameter, known.subspan(same->offset, same->size));
  }
  fill_layer(filler, config.num_hidden_layers - 1);
  fill_head(filler, config, classifier);
}

}  // namespace bertune::model
