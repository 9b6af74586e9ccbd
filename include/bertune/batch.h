// A packed batch: the tokens of all its sequences end to end, no padding (`cu_seqlens` as FlashAttention
// names it).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bertune/export.h"
#include "bertune/tokenizer.h"

namespace bertune {

inline constexpr std::int32_t kIgnoredLabel = -100;  // torch's ignore_index: a label left out of the loss

// What the loss of a batch is a mean over: labels, each as its class weight, or rows. Two numbers where there
// are two losses: starts and ends of answers; masked tokens and rows of pre-training.
struct LossItems {
  double first = 0, second = 0;

  LossItems& operator+=(const LossItems& other) {
    first += other.first, second += other.second;
    return *this;
  }
};

struct BERTUNE_EXPORT Batch {
  std::vector<std::int32_t> input_ids;       // [tokens]
  std::vector<std::int32_t> token_type_ids;  // [tokens]
  std::vector<std::int32_t> cu_seqlens{
      0};  // [sequences + 1]; sequence i is tokens cu_seqlens[i] .. cu_seqlens[i + 1]

  // Labels, or none, as the head takes them (bertune/model.h, Architecture). Class ids, of which
  // kIgnoredLabel is left out of the loss; for multi-label classification and regression targets [sequences,
  // num_labels] (0/1 a label, or the values); for question answering the first and the last token of the
  // answer, counted from the start of the sequence (both 0, at [CLS]: no answer; outside the sequence: left
  // out of the loss).
  std::vector<std::int32_t> labels;
  std::vector<float> targets;
  std::vector<std::int32_t> start_positions, end_positions;
  std::vector<std::int32_t> next_sentence_labels;
  std::int64_t num_choices = 1;  // neighbouring sequences that are the choices of one question

  std::int64_t first_sequence = 0;  // place of sequence 0 in the global batch, which dropout is keyed by
  // What the losses of the global batch are means over, where this is a part of it: the losses of the parts,
  // and their gradients, then add up to those of the whole. Zeros: of this batch.
  LossItems global_items;

  std::int64_t tokens() const { return static_cast<std::int64_t>(input_ids.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(cu_seqlens.size()) - 1; }
  void add(const Encoding& encoding);
  void add(std::span<const std::int32_t> input_ids, std::span<const std::int32_t> token_type_ids);
  void clear();
};

}  // namespace bertune
