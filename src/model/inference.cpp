#include "model/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "bertune/error.h"
#include "model/adapters/lora.h"
#include "model/heads/head.h"
#include "model/loading.h"
#include "model/weights.h"

namespace bertune::model {
namespace {

constexpr std::uint64_t kOutdated = 1;  // no Parameters::version(): those are even

std::uint64_t new_binding() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

Weights::Weights(Architecture architecture, BertConfig config)
    : architecture_(architecture), config_(std::move(config)), head_(make_head(architecture, config_)) {}
Weights::~Weights() = default;

std::size_t Weights::size_bytes() const {
  return owned_count_ * sizeof(float) + (merged_ ? merged_->size_bytes() : 0) +
         (packed_ ? packed_->size_bytes() : 0);
}

void Weights::see(const Parameters& parameters, Parameters* gradients, Use use) {
  use_ = use;
  values_ = parameters.values().data();
  version_ = parameters.version();
  binding_ = new_binding();
  const WeightViews views(parameters, {.type = config_.model_type,
                                       .operands = use.precision == Precision::bf16 ? kernels::Operands::bf16
                                                                                    : kernels::Operands::f32,
                                       .low_rank_scale = lora_ ? static_cast<float>(lora_->scale()) : 1.0F,
                                       .gradients = gradients});
  packed_.reset(), merged_.reset();
  encoder_ = std::make_unique<EncoderWeights>(encoder_weights(config_, views, head_->reads()));
  if (lora_) merged_ = std::make_unique<MergedWeights>(*encoder_);
  if (use.precision == Precision::int8) pack();
  head_->bind(views);
}

void Weights::bind_snapshot(const Parameters& parameters, Precision precision) {
  owned_values_ = parameters.snapshot();
  owned_count_ = parameters.count();
  see(parameters, nullptr, {.training = false, .precision = precision});
}

// Views see in training what a step changes, and low-rank matrices are compared with those that were merged.
// What a step does not change, frozen values, is as it was when all was last seen.
void Weights::refresh(Parameters& parameters, Use use) {
  const bool same =
      use == use_ && std::as_const(parameters).values().data() == values_ && version_ != kOutdated;
  if (!same || (!use.training && parameters.version() != version_))
    return see(parameters, use.training ? &parameters : nullptr, use);
  if (use.training && merged_) merged_->merge();
}

void Weights::set_float32_parts(std::vector<std::string> parts) {
  const std::vector<std::string> known = encoder_parts(config_.num_hidden_layers);
  for (const std::string& part : parts) {
    if (std::ranges::find(known, part) == known.end()) {
      throw Error(fmt::format("{} is no part of this model's encoder; they are {} to {}", part, known.front(),
                              known.back()));
    }
  }
  float32_parts_ = std::move(parts);
  outdate();
}

void Weights::outdate() { version_ = kOutdated; }

void Weights::pack() {
  if (!packed_)
    packed_ = std::make_unique<PackedWeights>(
        *encoder_, use_.precision == Precision::int8 ? std::optional(PackedWeights::Int8{float32_parts_})
                                                     : std::nullopt);
}

std::shared_ptr<const Weights> load_weights(const std::filesystem::path& directory, Architecture architecture,
                                            const LoadOptions& options, Precision precision) {
  LoadedModel loaded = load_model(directory, architecture, options);
  loaded.weights->bind_snapshot(loaded.parameters, precision);
  loaded.weights->pack();
  return std::move(loaded.weights);
}

ModelOutput run(const Weights& weights, const Batch& batch, Workspace& workspace) {
  return workspace.forward(weights, batch, nullptr);
}

}  // namespace bertune::model
