// Masked language modeling: which tokens of a row are to be predicted, and what the model sees in their
// place (Devlin et al. 2019, section 3.1 and appendix A.1).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bertune/tokenizer.h"
#include "core/random.h"

namespace bertune::tasks {

struct MaskingOptions {
  double mlm_probability = 0.15;     // share of the tokens chosen
  std::int64_t max_predictions = 0;  // at most this many per row; 0: no limit
  bool whole_word_masking = false;   // all pieces of a word (those that continue it) or none
};

// Masking chooses mlm_probability * n of n tokens that are not special: that number, rounded up or down at
// random so that its mean is exact, at least 1 and at most max_predictions. (google-research/bert chooses a
// fixed number too; Transformers draws each token for itself, which has the same mean, but leaves short rows
// without any and makes the work of the output layer vary from step to step.) With whole words, the word that
// would go over that number is taken with the probability that keeps the mean. Of the chosen tokens, each for
// itself, 80 % become [MASK], 10 % a random token that is not special, 10 % stay.
class Masking {
 public:
  // Throws UsageError for options out of range.
  Masking(const BertTokenizer& tokenizer, const MaskingOptions& options);

  // Masks `input_ids` in place. `labels` [tokens]: the original id where a token was chosen, -100 elsewhere.
  void apply(std::vector<std::int32_t>& input_ids, std::vector<std::int32_t>& labels, Random random) const;

  // [UNK], [CLS], [SEP], [PAD] or [MASK]: never chosen, and never put in the place of another.
  bool is_special(std::int32_t id) const { return kinds_[static_cast<std::size_t>(id)] == Kind::special; }

 private:
  enum class Kind : std::uint8_t { begins_word, continues_word, special };

  std::int64_t choose_count(std::size_t candidates, Random& random) const;
  // Moves the chosen places to the front of `places` and returns how many they are.
  std::size_t choose_tokens(std::vector<std::int32_t>& places, Random& random) const;
  std::size_t choose_words(const std::vector<std::int32_t>& ids, std::vector<std::int32_t>& places,
                           Random& random) const;

  MaskingOptions options_;
  std::int32_t mask_;
  std::vector<Kind> kinds_;                 // by id
  std::vector<std::int32_t> replacements_;  // all ids that are tokens and not special
};

}  // namespace bertune::tasks
