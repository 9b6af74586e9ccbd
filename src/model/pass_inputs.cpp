#include "model/pass_inputs.h"

#include <algorithm>
#include <numeric>

namespace bertune::model {
namespace {

// Adds one number per token: number(sequence, token, place of the token in the sequence), in their order.
template <typename Number>
void add_of_tokens(const Batch& batch, kernels::Uploads& uploads, const std::int32_t*& to,
                   const Number& number) {
  const std::span<std::int32_t> room = uploads.room(batch.input_ids.size(), to);
  for (std::int32_t s = 0; s < batch.sequences(); ++s) {
    const auto at = static_cast<std::size_t>(s);
    const std::int32_t first = batch.cu_seqlens[at];
    for (std::int32_t t = first; t < batch.cu_seqlens[at + 1]; ++t)
      room[static_cast<std::size_t>(t)] = number(s, static_cast<std::size_t>(t), t - first);
  }
}

// Rows of the position table. RoBERTa's begin behind that of padding, which itself stands for such a token
// wherever it is.
void add_position_ids(const BertConfig& config, const Batch& batch, kernels::Uploads& uploads, Pass& pass) {
  const auto first_position = static_cast<std::int32_t>(config.first_position());
  std::int32_t next = 0;
  add_of_tokens(batch, uploads, pass.position_ids, [&](std::int32_t, std::size_t token, std::int32_t place) {
    if (first_position == 0) return place;
    if (place == 0) next = first_position;
    const bool is_padding = batch.input_ids[token] == config.pad_token_id;
    return is_padding ? static_cast<std::int32_t>(config.pad_token_id) : next++;
  });
}

}  // namespace

void add_tokens(const BertConfig& config, const Batch& batch, kernels::Uploads& uploads, Pass& pass) {
  const auto first_sequence = static_cast<std::int32_t>(batch.first_sequence);
  const auto sequences = static_cast<std::size_t>(batch.sequences());
  pass.batch = &batch;
  pass.layout = {.tokens = batch.tokens(), .sequences = batch.sequences()};
  pass.first_tokens = {.tokens = batch.sequences()};
  uploads.add(batch.input_ids, pass.input_ids);
  uploads.add(batch.token_type_ids, pass.token_type_ids);
  uploads.add(batch.cu_seqlens, pass.layout.cu_seqlens);
  pass.texts = {.tokens = batch.windows(), .sequences = batch.texts()};
  uploads.add(batch.cu_texts, pass.texts.cu_seqlens);
  add_of_tokens(batch, uploads, pass.layout.sequence,
                [&](std::int32_t s, std::size_t, std::int32_t) { return first_sequence + s; });
  add_of_tokens(batch, uploads, pass.layout.position,
                [](std::int32_t, std::size_t, std::int32_t place) { return place; });
  add_position_ids(config, batch, uploads, pass);
  const std::span<std::int32_t> first = uploads.room(sequences, pass.first_tokens.sequence);
  std::iota(first.begin(), first.end(), first_sequence);
  std::ranges::fill(uploads.room(sequences, pass.first_tokens.position), 0);
}

}  // namespace bertune::model
