#include "model/frozen_outputs.h"

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

}  // namespace bertune::model
