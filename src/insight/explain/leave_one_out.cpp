#include "insight/explain/leave_one_out.h"

#include <algorithm>

namespace bertune::insight {
namespace {

// A sequence without a word, or with the word masked.
struct Variant {
  std::size_t word;
  bool is_masked;
};

class Variants {
 public:
  Variants(const Sequence& sequence, std::span<const Target> targets, std::int32_t mask)
      : sequence_(sequence), mask_(mask) {
    for (std::size_t word = 0; word < sequence.words.size(); ++word) {
      const auto owns = [&](const Target& target) { return is_own(target, word); };
      if (std::ranges::any_of(targets, owns)) list_.push_back({word, true});
      if (!std::ranges::all_of(targets, owns)) list_.push_back({word, false});
    }
  }

  const std::vector<Variant>& list() const { return list_; }
  static bool is_own(const Target& target, std::size_t word) {
    return std::ranges::find(target.own_words, word) != target.own_words.end();
  }

  LeftOut left_out(const Variant& variant) const {
    const SequenceWord& word = sequence_.words[variant.word];
    return variant.is_masked ? LeftOut{} : LeftOut{word.first, word.end};
  }
  void add_to(Batch& batch, const Variant& variant) {
    ids_ = sequence_.input_ids, types_ = sequence_.token_type_ids;
    const SequenceWord& word = sequence_.words[variant.word];
    const auto first = static_cast<std::ptrdiff_t>(word.first), end = static_cast<std::ptrdiff_t>(word.end);
    if (variant.is_masked) {
      std::fill(ids_.begin() + first, ids_.begin() + end, mask_);
    } else {
      ids_.erase(ids_.begin() + first, ids_.begin() + end);
      types_.erase(types_.begin() + first, types_.begin() + end);
    }
    batch.add(ids_, types_);
  }

 private:
  const Sequence& sequence_;
  std::int32_t mask_;
  std::vector<Variant> list_;
  std::vector<std::int32_t> ids_, types_;
};

}  // namespace

std::vector<std::vector<double>> leave_one_out(const model::Weights& weights, model::Workspace& workspace,
                                               const Sequence& sequence, std::span<const Target> targets,
                                               std::span<const double> whole, std::int32_t mask,
                                               const Passes& passes) {
  std::vector<std::vector<double>> contributions(targets.size(), std::vector<double>(sequence.words.size()));
  Variants variants(sequence, targets, mask);
  Batch batch;
  const auto values_of = [&](std::span<const float>& logits, std::size_t i) {
    const auto tokens = static_cast<std::size_t>(batch.cu_seqlens[i + 1] - batch.cu_seqlens[i]);
    const std::size_t count = logits_of_sequence(weights.architecture(), weights.config(), tokens);
    const std::span<const float> own = logits.first(count);
    logits = logits.subspan(count);
    return own;
  };
  for (std::size_t first = 0; first < variants.list().size();) {
    batch.clear();
    std::size_t end = first;
    do variants.add_to(batch, variants.list()[end++]);
    while (end < variants.list().size() && batch.tokens() < passes.tokens);
    std::span<const float> logits = model::run(weights, batch, workspace).logits;
    for (std::size_t i = first; i < end; ++i) {
      const Variant& variant = variants.list()[i];
      const std::span<const float> own = values_of(logits, i - first);
      for (std::size_t t = 0; t < targets.size(); ++t) {
        if (Variants::is_own(targets[t], variant.word) != variant.is_masked) continue;
        contributions[t][variant.word] =
            whole[t] - value_of(targets[t], own, weights.config(), variants.left_out(variant));
      }
    }
    first = end;
    passes.pause();
  }
  return contributions;
}

}  // namespace bertune::insight
