// The reading of texts that are longer than a model of classes, labels or numbers takes at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bertune/export.h"

namespace bertune {

// truncate: the first tokens are read. head_tail: the first quarter of what the model takes, and the last
// tokens (128 and 382 of 512, as in Sun et al. 2019, 1905.05583). windows: all of the text, in parts of equal
// length whose logits are pooled. automatic: of a training alone, which compares the three.
enum class LongText { truncate, head_tail, windows, automatic };
// The pooling of the logits of a text's windows, of each label for itself.
enum class WindowScore { mean, max };

BERTUNE_EXPORT std::string_view to_string(LongText long_text);  // "truncate", "head-tail", "windows", "auto"
BERTUNE_EXPORT std::string_view to_string(WindowScore score);   // "mean", "max"
// Throw UsageError, naming the choices.
BERTUNE_EXPORT LongText long_text_from_string(std::string_view name);
BERTUNE_EXPORT WindowScore window_score_from_string(std::string_view name);

// Unset members are as in training; of a training, its defaults.
struct LongTextOptions {
  std::optional<LongText> long_text = {};          // default: truncate
  std::optional<std::int64_t> window_stride = {};  // tokens that neighboring windows share, at least;
                                                   // default: an eighth of what the model reads
  std::optional<WindowScore> window_score = {};    // default: max of several labels, else mean

  bool any() const { return long_text || window_stride || window_score; }
};

}  // namespace bertune
