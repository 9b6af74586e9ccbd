#include "model/frozen_outputs.h"

#include <algorithm>
#include <utility>

namespace bertune::model {

const std::string& FrozenOutputs::key_of(const Sequence& sequence) {
  const auto bytes = static_cast<std::size_t>(sequence.tokens) * sizeof(std::int32_t);
  key_.assign(reinterpret_cast<const char*>(sequence.input_ids), bytes);
  key_.append(reinterpret_cast<const char*>(sequence.token_type_ids), bytes);
  return key_;
}

const float* FrozenOutputs::find(const Sequence& sequence) {
  const auto found = outputs_.find(key_of(sequence));
  return found == outputs_.end() ? nullptr : found->second.data();
}

void FrozenOutputs::keep(const Sequence& sequence, const float* rows) {
  constexpr std::size_t kEntryBytes = 128;  // of the map and of allocations, about
  const auto numbers = static_cast<std::size_t>(sequence.tokens * width_);
  const std::size_t needed = numbers * sizeof(float) +
                             2 * static_cast<std::size_t>(sequence.tokens) * sizeof(std::int32_t) +
                             kEntryBytes;
  if (needed > most_bytes_ - bytes_) return;
  if (outputs_.try_emplace(key_of(sequence), rows, rows + numbers).second) bytes_ += needed;
}

SomeSequences::SomeSequences(const Pass& pass, std::vector<std::int64_t> chosen)
    : whole_(pass), chosen_(std::move(chosen)) {
  const kernels::Layout& layout = pass.layout;
  for (const std::int64_t s : chosen_) {
    const std::int32_t first = layout.cu_seqlens[s], end = layout.cu_seqlens[s + 1];
    const auto append = [&](std::vector<std::int32_t>& to, const std::int32_t* from) {
      to.insert(to.end(), from + first, from + end);
    };
    append(input_ids_, pass.input_ids), append(token_type_ids_, pass.token_type_ids);
    append(position_ids_, pass.position_ids);
    append(sequence_, layout.sequence), append(position_, layout.position);
    cu_seqlens_.push_back(cu_seqlens_.back() + end - first);
  }
}

Pass SomeSequences::pass() const {
  Pass some = whole_;
  some.layout = {.tokens = cu_seqlens_.back(),
                 .sequences = static_cast<std::int64_t>(chosen_.size()),
                 .cu_seqlens = cu_seqlens_.data(),
                 .sequence = sequence_.data(),
                 .position = position_.data()};
  some.first_tokens = {};
  some.input_ids = input_ids_.data(), some.token_type_ids = token_type_ids_.data();
  some.position_ids = position_ids_.data();
  return some;
}

// From the last on: none is moved to where another still is, for all move back or stay.
void SomeSequences::spread_rows(std::int64_t width, float* rows) const {
  for (std::size_t i = chosen_.size(); i-- > 0;) {
    const float* from = rows + cu_seqlens_[i] * width;
    const float* end = rows + cu_seqlens_[i + 1] * width;
    std::copy_backward(from, end, rows + whole_.layout.cu_seqlens[chosen_[i] + 1] * width);
  }
}

}  // namespace bertune::model
