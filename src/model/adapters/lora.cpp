#include "model/adapters/lora.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "bertune/error.h"
#include "checkpoint/names.h"
#include "core/nearest.h"

namespace bertune {

double LoraConfig::scale() const {
  return lora_alpha / (use_rslora ? std::sqrt(static_cast<double>(r)) : static_cast<double>(r));
}

namespace model {
namespace {

constexpr std::string_view kWeight = ".weight", kEveryLinear = "all-linear";

// Returns whether a module matches a target, as PEFT's target_modules do.
bool matches(std::string_view module, std::string_view target) {
  return module == target ||
         (module.ends_with(target) && module.substr(0, module.size() - target.size()).ends_with('.'));
}

struct LinearMap {
  std::string name;      // "bert.encoder.layer.0.attention.self.query"
  std::string in_layer;  // "attention.self.query"
  std::int64_t in, out, depth;
};

std::vector<LinearMap> linear_maps(const std::vector<Parameter>& layout) {
  const std::int64_t head = layout.empty() ? 0 : layout.back().depth;
  std::vector<LinearMap> maps;
  for (const Parameter& p : layout) {
    if (p.depth < 1 || p.depth >= head || p.shape.size() != 2 || !p.name.ends_with(kWeight)) continue;
    const std::string name = p.name.substr(0, p.name.size() - kWeight.size());
    const std::string index = fmt::format(".{}.", p.depth - 1);
    maps.push_back({name, name.substr(name.find(index) + index.size()), p.shape[1], p.shape[0], p.depth});
  }
  return maps;
}

// Targets that are BERT's names of a layer's linear layers, as the family calls these; others as they are.
std::vector<std::string> family_targets(const std::vector<std::string>& targets, ModelType type) {
  const std::string prefix = layer_prefix(0), family_prefix = checkpoint::own_name(type, prefix);
  std::vector<std::string> own;
  for (const std::string& target : targets) {
    const std::size_t before = own.size();
    for (const char* map : {"attention.self.query", "attention.self.key", "attention.self.value",
                            "attention.output.dense", "intermediate.dense", "output.dense"}) {
      const std::string name = checkpoint::own_name(type, prefix + map).substr(family_prefix.size());
      if (name != map && matches(map, target)) own.push_back(name);
    }
    if (own.size() == before) own.push_back(target);
  }
  return own;
}

[[noreturn]] void refuse_target(const std::string& target, const std::vector<LinearMap>& maps) {
  std::set<std::string> names = {std::string(kEveryLinear)};
  for (const LinearMap& map : maps) {
    for (std::size_t dot = 0; dot != std::string::npos; dot = map.in_layer.find('.', dot + 1))
      names.insert(map.in_layer.substr(dot == 0 ? 0 : dot + 1));
  }
  const std::vector<std::string> known(names.begin(), names.end());
  const std::string_view near = nearest(target, known);
  throw UsageError(
      "lora_targets",
      fmt::format("`lora_targets`: no linear map of a layer is named \"{}\"{}; there are {}", target,
                  near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near), fmt::join(known, ", ")));
}

// Returns whether the parameter belongs to the module, by its name or the end of it.
bool belongs_to(std::string_view parameter, std::string_view module) {
  return fmt::format(".{}", parameter).find(fmt::format(".{}.", module)) != std::string::npos;
}

// `scaled`: room for as many numbers as b has.
void merge_low_rank(const Linear& linear, const float* base, float* scaled, float* merged) {
  const kernels::OpTable& ops = kernels::ops();
  ops.copy({linear.out * linear.in, merged, base});
  const auto& [a, b, rank, scale] = linear.low_rank;
  if (rank == 0) return;
  ops.copy({linear.out * rank, scaled, b.value});
  ops.scale({linear.out * rank, scaled, scale});
  ops.matmul({.m = linear.out,
              .n = linear.in,
              .k = rank,
              .a = scaled,
              .lda = rank,
              .b = a.value,
              .ldb = linear.in,
              .accumulate = true,
              .c = merged,
              .ldc = linear.in});
}

}  // namespace

bool is_low_rank(std::string_view name) { return name.ends_with(kLoraA) || name.ends_with(kLoraB); }

void add_low_rank_matrices(std::vector<Parameter>& layout, ModelType type, LoraConfig& config) {
  if (!(config.lora_alpha > 0 && std::isfinite(config.lora_alpha)))
    throw UsageError("lora_alpha", fmt::format("`lora_alpha` is {}; it must be above 0", config.lora_alpha));
  if (config.target_modules.empty()) throw UsageError("lora_targets", "`lora_targets` names nothing");
  const std::vector<LinearMap> maps = linear_maps(layout);
  std::vector<std::string> targets;
  for (const std::string& target : family_targets(config.target_modules, type)) {
    const bool wide = target == kEveryLinear || target == "dense";
    const std::size_t before = targets.size();
    for (const LinearMap& map : maps) {
      if (target != kEveryLinear && !matches(map.name, target)) continue;
      const std::string& means = wide ? map.in_layer : target;
      if (std::ranges::find(targets, means) == targets.end()) targets.push_back(means);
    }
    const bool known =
        std::ranges::any_of(maps, [&](const LinearMap& map) { return matches(map.name, target); });
    if (targets.size() == before && !known && target != kEveryLinear) refuse_target(target, maps);
  }
  config.target_modules = targets;
  for (const LinearMap& map : maps) {
    if (std::ranges::none_of(targets, [&](const auto& target) { return matches(map.name, target); }))
      continue;
    const std::int64_t most = std::min(map.in, map.out);
    if (config.r < 1 || config.r > most)
      throw UsageError("lora_rank", fmt::format("`lora_rank` is {}; it must be in [1, {}], the width of {}",
                                                config.r, most, map.name));
    layout.push_back({.name = map.name + kLoraA, .shape = {config.r, map.in}, .depth = map.depth});
    layout.push_back({.name = map.name + kLoraB, .shape = {map.out, config.r}, .depth = map.depth});
  }
}

void settle_trainable(Parameters& parameters, LoraConfig& config, const LoadReport& report) {
  const std::vector<Parameter>& layout = parameters.layout();
  const auto last = std::ranges::max_element(layout, {}, &Parameter::depth);
  std::vector<std::string>& modules = config.modules_to_save;
  const auto add = [&](const std::string& module) {
    if (std::ranges::find(modules, module) == modules.end()) modules.push_back(module);
  };
  for (const Parameter& p : layout) {
    if (p.depth != last->depth || is_low_rank(p.name)) continue;
    const bool pooler = belongs_to(p.name, "pooler");
    if (!pooler) add(p.name.substr(0, p.name.rfind('.')));
    if (pooler && std::ranges::find(report.newly_initialized, p.name) != report.newly_initialized.end())
      add("pooler");
  }
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const std::string& name = layout[i].name;
    const bool saved =
        std::ranges::any_of(modules, [&](const auto& module) { return belongs_to(name, module); });
    parameters.set_trainable(i, is_low_rank(name) || saved);
  }
}

MergedWeights::MergedWeights(EncoderWeights& weights) {
  const auto changed = [](const Linear& linear) { return linear.low_rank.rank > 0; };
  std::int64_t size = 0;
  const auto for_each = [&](const auto& function) {  // of one weight, the linear layers that it consists of
    for (EncoderLayerWeights& layer : weights.layers) {
      auto& parts = layer.query_key_value.parts;
      if (std::ranges::any_of(parts, changed))
        function(layer.query_key_value.whole, std::span<Linear>(parts));
      for (Linear* linear : {&layer.attention_output, &layer.intermediate, &layer.output}) {
        if (changed(*linear)) function(*linear, std::span<Linear>(linear, 1));
      }
    }
  };
  std::int64_t most = 0;
  for_each([&](const Linear& whole, std::span<Linear> parts) {
    size += whole.in * whole.out;
    for (const Linear& part : parts) most = std::max(most, part.out * part.low_rank.rank);
  });
  buffer_ = kernels::Buffer<float>(static_cast<std::size_t>(size));
  scaled_ = kernels::Buffer<float>(static_cast<std::size_t>(most));
  float* next = buffer_.data();
  for_each([&](Linear& whole, std::span<Linear> parts) {
    float* merged = next;
    for (Linear& part : parts) {
      const auto numbers = [&](std::int64_t width) {
        return kernels::Buffer<float>(static_cast<std::size_t>(width * part.low_rank.rank));
      };
      entries_.push_back({part.weight.value, next, part, numbers(part.in), numbers(part.out)});
      part.weight.value = next;
      next += part.in * part.out;
    }
    whole.weight.value = merged;
  });
  is_same_ = kernels::Buffer<double>(2 * entries_.size());
  for (Entry& entry : entries_) merge(entry);
}

void MergedWeights::merge(Entry& entry) {
  const kernels::OpTable& ops = kernels::ops();
  const LowRank& change = entry.linear.low_rank;
  ops.copy({entry.size_a(), entry.a.data(), change.a.value});
  ops.copy({entry.size_b(), entry.b.data(), change.b.value});
  merge_low_rank(entry.linear, entry.base, scaled_.data(), entry.merged);
}

std::int64_t MergedWeights::merge() {
  const kernels::OpTable& ops = kernels::ops();
  double* next = is_same_.data();
  for (const Entry& entry : entries_) {
    const LowRank& change = entry.linear.low_rank;
    ops.equal({entry.size_a(), entry.a.data(), change.a.value, next++});
    ops.equal({entry.size_b(), entry.b.data(), change.b.value, next++});
  }
  std::vector<double> is_same(is_same_.size());
  ops.download(is_same.data(), is_same_.data(), is_same.size() * sizeof(double));
  std::int64_t merged = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (is_same[2 * i] != 0 && is_same[2 * i + 1] != 0 && !entries_[i].linear.weight.is_trained()) continue;
    merge(entries_[i]);
    ++merged;
  }
  return merged;
}

Parameters merged_parameters(const Parameters& parameters, float scale) {
  std::vector<Parameter> layout;
  for (const Parameter& parameter : parameters.layout()) {
    if (!is_low_rank(parameter.name)) layout.push_back(parameter);
  }
  Parameters merged(std::move(layout));
  const WeightViews views(parameters, {.type = ModelType::bert, .low_rank_scale = scale});  // own names
  for (std::size_t i = 0; i < merged.layout().size(); ++i) {
    const Parameter& parameter = merged.layout()[i];
    const std::span<const float> from = parameters.value(parameter.name);
    const std::span<float> to = merged.value(parameter.name);
    kernels::ops().copy({static_cast<std::int64_t>(to.size()), to.data(), from.data()});
    merged.set_trainable(i, true);
    if (!parameter.name.ends_with(kWeight) || parameter.shape.size() != 2) continue;
    const std::string linear = parameter.name.substr(0, parameter.name.size() - kWeight.size());
    const Parameter* b = parameters.find(linear + kLoraB);
    if (b == nullptr) continue;
    kernels::Buffer<float> scaled(b->size);
    merge_low_rank(views.linear(linear, parameter.shape[1], parameter.shape[0]), from.data(), scaled.data(),
                   to.data());
  }
  return merged;
}

}  // namespace model
}  // namespace bertune
