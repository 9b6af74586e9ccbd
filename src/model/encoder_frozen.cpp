// The part of the encoder for frozen layers whose outputs are kept.
#include <algorithm>

#include "model/encoder.h"
#include "model/pass_inputs.h"

namespace bertune::model {

// forward_bottom(), from what is kept of earlier passes where it is. Products of a single row are rounded
// otherwise, so that at least two sequences are computed at a time.
void Encoder::fetch_bottom(const EncoderWeights& weights, const Pass& pass, std::size_t layers) {
  const std::int64_t h = weights.config->hidden_size;
  if (!frozen_outputs_) frozen_outputs_.emplace(h, options_.frozen_cache_bytes);
  const Batch& batch = *pass.batch;
  const auto sequence_at = [&](std::size_t s) {
    const std::int32_t first = batch.cu_seqlens[s];
    return FrozenOutputs::Sequence{batch.input_ids.data() + first, batch.token_type_ids.data() + first,
                                   batch.cu_seqlens[s + 1] - first};
  };
  const auto sequences = static_cast<std::size_t>(batch.sequences());
  std::vector<std::size_t> missing;
  for (std::size_t s = 0; s < sequences; ++s) {
    if (frozen_outputs_->find(sequence_at(s)) == nullptr) missing.push_back(s);
  }
  if (missing.size() == 1) {
    missing.push_back(missing[0] > 0 ? missing[0] - 1 : 1);
    std::ranges::sort(missing);
  }
  const std::vector<float> computed = compute_bottom(weights, pass, layers, missing);
  std::vector<const float*> on_host(sequences);
  const float* next = computed.data();
  for (const std::size_t s : missing) {
    on_host[s] = next;
    frozen_outputs_->keep(sequence_at(s), next);
    next += sequence_at(s).tokens * h;
  }
  for (std::size_t s = 0; s < sequences; ++s) {
    if (const float* kept = frozen_outputs_->find(sequence_at(s))) on_host[s] = kept;
    pass.ops().upload(input_of(layers) + batch.cu_seqlens[s] * h, on_host[s],
                      static_cast<std::size_t>(sequence_at(s).tokens * h) * sizeof(float));
  }
}

// The hidden states of some sequences, end to end, on the host. What is at input_of(layers) is lost.
std::vector<float> Encoder::compute_bottom(const EncoderWeights& weights, const Pass& pass,
                                           std::size_t layers, std::span<const std::size_t> sequences) {
  if (sequences.empty()) return {};
  Batch some;
  for (const std::size_t s : sequences) {
    const auto part = [&](const std::vector<std::int32_t>& whole) {
      const auto first = static_cast<std::size_t>(pass.batch->cu_seqlens[s]);
      return std::span(whole).subspan(first, static_cast<std::size_t>(pass.batch->cu_seqlens[s + 1]) - first);
    };
    some.add(part(pass.batch->input_ids), part(pass.batch->token_type_ids));
  }
  Pass own = pass;
  add_tokens(*weights.config, some, some_inputs_, own);
  some_inputs_.run();
  forward_bottom(weights, own, layers);
  std::vector<float> computed(static_cast<std::size_t>(some.tokens() * weights.config->hidden_size));
  pass.ops().download(computed.data(), input_of(layers), computed.size() * sizeof(float));
  return computed;
}

}  // namespace bertune::model
