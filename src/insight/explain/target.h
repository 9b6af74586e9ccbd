// The values that are explained: how each follows from logits, and the loss whose gradient is that of the
// value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/model.h"

namespace bertune::insight {

struct Target {
  enum class Kind {
    category,  // one class of `index`
    label,     // one of several labels
    number,    // an output of a regression
    tags,      // classes of some tokens
    span       // of start and end
  };
  Kind kind = Kind::category;
  std::string name, text = {};
  std::int64_t index = 0;
  std::vector<std::pair<std::size_t, std::int32_t>> tags = {};  // a token and its class
  std::size_t start = 0, end = 0;                               // tokens, the last included
  std::vector<std::size_t> own_words = {};                      // of the sequence: masked, never left out
};

// Tokens [first, end) that were left out of a sequence.
struct LeftOut {
  std::size_t first = 0, end = 0;
  std::size_t place(std::size_t token) const { return token >= end ? token - (end - first) : token; }
};

// Returns the number of logits of a sequence.
std::size_t logits_of_sequence(Architecture architecture, const BertConfig& config, std::size_t tokens);

// Returns the value by the logits of one sequence: a probability, the mean of some, or a number.
double value_of(const Target& target, std::span<const float> logits, const BertConfig& config,
                const LeftOut& left_out = {});
// Returns what integrated gradients explain: the same in logarithms of probabilities, and a number as it is.
double function_of(const Target& target, std::span<const float> logits, const BertConfig& config);

// Returns whether labels follow from logits.
inline bool needs_logits(const Target& target) {
  return target.kind == Target::Kind::label || target.kind == Target::Kind::number;
}
// Adds labels of one sequence of `tokens` whose loss, a mean over this sequence alone, has the gradient of
// function_of() but for gradient_factor(). `logits` are those of the sequence, where it needs them.
void add_labels(const Target& target, std::span<const float> logits, std::size_t tokens,
                const BertConfig& config, Batch& batch);
double gradient_factor(const Target& target, const BertConfig& config);

}  // namespace bertune::insight
