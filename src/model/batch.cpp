#include "bertune/batch.h"

#include <algorithm>

namespace bertune {

void Batch::add(const Encoding& encoding) { add(encoding.input_ids, encoding.token_type_ids); }

void Batch::add(std::span<const std::int32_t> ids, std::span<const std::int32_t> type_ids) {
  input_ids.insert(input_ids.end(), ids.begin(), ids.end());
  token_type_ids.insert(token_type_ids.end(), type_ids.begin(), type_ids.end());
  token_type_ids.resize(input_ids.size());
  cu_seqlens.push_back(static_cast<std::int32_t>(input_ids.size()));
}

void Batch::clear() {
  input_ids.clear(), token_type_ids.clear();
  cu_seqlens.assign(1, 0);
  labels.clear(), targets.clear();
  start_positions.clear(), end_positions.clear(), next_sentence_labels.clear();
  cu_texts.clear(), window_logits.clear();
  first_window = first_sequence = 0, global_items = {};
}

}  // namespace bertune
