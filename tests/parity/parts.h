// A batch cut into several, as gradient accumulation does.
#pragma once

#include <algorithm>
#include <vector>

#include "bertune/batch.h"
#include "bertune/model.h"

namespace bertune::testing {

// At most `size` rows each: sequences, or questions with all their choices.
inline std::vector<Batch> parts_of(const BertPreTrainedModel& model, const Batch& whole, std::int64_t size) {
  std::vector<Batch> parts;
  LossItems items;
  const std::int64_t sequences = size * whole.num_choices;
  for (std::int64_t first = 0; first < whole.sequences(); first += sequences) {
    const std::int64_t last = std::min(first + sequences, whole.sequences());
    const auto begin = whole.cu_seqlens[static_cast<std::size_t>(first)],
               end = whole.cu_seqlens[static_cast<std::size_t>(last)];
    Batch& part = parts.emplace_back();
    // The numbers that belong to the sequences, of a tensor with as many a token, a sequence or a row.
    const auto take = [&](const auto& from, auto& into) {
      const auto count = static_cast<std::int64_t>(from.size());
      std::int64_t from_place = begin, to_place = end;
      if (count != whole.tokens()) {
        from_place = first * count / whole.sequences(), to_place = last * count / whole.sequences();
      }
      into.assign(from.begin() + from_place, from.begin() + to_place);
    };
    take(whole.input_ids, part.input_ids), take(whole.token_type_ids, part.token_type_ids);
    part.cu_seqlens.clear();
    for (std::int64_t s = first; s <= last; ++s)
      part.cu_seqlens.push_back(whole.cu_seqlens[static_cast<std::size_t>(s)] - begin);
    if (!whole.labels.empty()) take(whole.labels, part.labels);
    if (!whole.targets.empty()) take(whole.targets, part.targets);
    if (!whole.start_positions.empty()) take(whole.start_positions, part.start_positions);
    if (!whole.end_positions.empty()) take(whole.end_positions, part.end_positions);
    if (!whole.next_sentence_labels.empty()) take(whole.next_sentence_labels, part.next_sentence_labels);
    part.num_choices = whole.num_choices;
    part.first_sequence = first;
    items += model.loss_items(part);
  }
  for (Batch& part : parts) part.global_items = items;
  return parts;
}

}  // namespace bertune::testing
