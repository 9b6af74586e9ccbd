// A packed batch contains the tokens of all its sequences end to end, without padding (`cu_seqlens` as
// FlashAttention names it).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bertune/export.h"
#include "bertune/long_text.h"
#include "bertune/tokenizer.h"

namespace bertune {

inline constexpr std::int32_t kIgnoredLabel = -100;  // torch's ignore_index: a label left out of the loss

// The denominators of a batch's mean losses: the number of labels, each counted as its class weight, or of
// rows. There are two where there are two losses: starts and ends of answers, or masked tokens and rows of
// pre-training.
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

  // The labels, or none, in the form that the head accepts (Architecture in bertune/model.h). Classes:
  // `labels` are class ids, and kIgnoredLabel is left out of the loss. Multi-label classification and
  // regression: `targets` [sequences, num_labels] are 0 or 1 per label, or the values. Question answering:
  // the positions [sequences] are the first and the last token of the answer, counted from the start of the
  // sequence; both are 0 ([CLS]) for no answer, and a position outside the sequence is left out of the loss.
  std::vector<std::int32_t> labels;
  std::vector<float> targets;
  std::vector<std::int32_t> start_positions, end_positions;
  std::vector<std::int32_t> next_sentence_labels;
  std::int64_t num_choices = 1;  // neighboring sequences that are the choices of one question

  // Sequence classification: text i is read in the sequences cu_texts[i] .. cu_texts[i + 1], its windows, and
  // its logits are pooled of theirs. The head gives logits, and takes labels, for texts. Empty: each sequence
  // is a text.
  std::vector<std::int32_t> cu_texts;
  WindowScore window_score = WindowScore::mean;
  // The logits [windows, num_labels] of all windows of one text that has too many of them for a batch. The
  // sequences of this batch are its windows from `first_window` on; the logits of these are computed anew,
  // and the others stand as they are. The batch with the first window alone gives the loss.
  std::vector<float> window_logits;
  std::int64_t first_window = 0;

  std::int64_t first_sequence = 0;  // place of sequence 0 in the global batch, which dropout is keyed by
  // The denominators of the global batch's losses, where this batch is a part of it: the losses of the parts,
  // and their gradients, then add up to those of the whole. Zeros stand for the denominators of this batch.
  LossItems global_items;

  std::int64_t tokens() const { return static_cast<std::int64_t>(input_ids.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(cu_seqlens.size()) - 1; }
  std::int64_t texts() const {
    return cu_texts.empty() ? sequences() : static_cast<std::int64_t>(cu_texts.size()) - 1;
  }
  // Returns the windows of the texts, those in other batches too.
  std::int64_t windows() const { return cu_texts.empty() ? sequences() : cu_texts.back(); }
  // Appends a sequence; missing token types are 0. Labels are appended by the caller.
  void add(const Encoding& encoding);
  void add(std::span<const std::int32_t> input_ids, std::span<const std::int32_t> token_type_ids);
  // Removes all sequences and labels, and keeps the memory and num_choices.
  void clear();
};

}  // namespace bertune
