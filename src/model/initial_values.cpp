#include "model/initial_values.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "checkpoint/family.h"
#include "checkpoint/names.h"
#include "core/random.h"
#include "kernels/host_access.h"
#include "model/weights.h"

namespace bertune::model {
namespace {

// Vaswani et al. 2017: a sine and a cosine a wavelength, neighbors in a row.
void set_sinusoids(std::span<float> table, std::int64_t width) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i) / width, column = static_cast<std::int64_t>(i) % width;
    const double angle = static_cast<double>(row) / std::pow(10000.0, 2.0 * static_cast<double>(column / 2) /
                                                                          static_cast<double>(width));
    table[i] = static_cast<float>(column % 2 == 0 ? std::sin(angle) : std::cos(angle));
  }
}

void set_initial_values(const BertConfig& config, const Parameter& parameter, std::uint64_t seed,
                        std::span<float> values) {
  if (parameter.shape.size() == 1) {
    const bool is_norm_weight = parameter.name.ends_with(".weight");
    std::ranges::fill(values, is_norm_weight ? 1.0F : 0.0F);
    return;
  }
  const auto is = [&](std::string_view name) {
    return parameter.name == checkpoint::own_name(config.model_type, name);
  };
  const bool words = is("bert.embeddings.word_embeddings.weight"),
             positions = is("bert.embeddings.position_embeddings.weight");
  if (positions && config.sinusoidal_pos_embds) return set_sinusoids(values, parameter.shape[1]);
  std::uint32_t stream = 2166136261U;  // FNV-1a of the name: other tensors do not change this one's numbers
  for (const char letter : parameter.name) stream = (stream ^ static_cast<unsigned char>(letter)) * 16777619U;
  Random random(seed, stream);
  if (parameter.name.ends_with(kLoraA)) {
    const double bound = 1 / std::sqrt(static_cast<double>(parameter.shape.back()));
    for (float& value : values) value = static_cast<float>((2 * random.uniform() - 1) * bound);
    return;
  }
  if (parameter.name.ends_with(kLoraB)) {
    std::ranges::fill(values, 0.0F);
    return;
  }
  if (config.initializer_range == 0) {
    std::ranges::fill(values, 0.0F);
    return;
  }
  for (float& value : values) value = static_cast<float>(random.normal() * config.initializer_range);
  const bool has_padding = words || (positions && checkpoint::family_of(config).positions_after_padding);
  if (has_padding && config.pad_token_id >= 0 && config.pad_token_id < parameter.shape[0]) {
    const auto width = static_cast<std::size_t>(parameter.shape[1]);
    std::ranges::fill(values.subspan(static_cast<std::size_t>(config.pad_token_id) * width, width), 0.0F);
  }
}

}  // namespace

void initialize(const BertConfig& config, Parameters& parameters, const Parameter& parameter,
                std::uint64_t seed) {
  kernels::write_on_host(
      parameters.values().subspan(parameter.offset, parameter.size),
      [&](std::span<float> values) { set_initial_values(config, parameter, seed, values); });
}

}  // namespace bertune::model
