// Sentences of tagged words (named entities, parts of speech) as rows of batches.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bertune/batch.h"
#include "bertune/tokenizer.h"
#include "data/tagged/tag_scheme.h"
#include "data/tagged/tagged.h"
#include "data/texts/labels.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {

struct TokenClassification {
  data::LabelMap labels;
  data::TagScheme scheme = data::TagScheme::none;  // of the labels
  std::int64_t max_length = 128;
  bool label_all_tokens = false;  // run_ner.py's: every piece of a word has its label, and not only the first

  // Returns the label of a word that gives no token: "O", or else the first label.
  std::int32_t outside() const { return labels.id_of("O").value_or(0); }
};

// The treatment of a sentence that is longer than max_length. truncate: it is cut, as run_ner.py does.
// windows: windows of whole words that share half of their tokens, so that no word is lost.
enum class LongSentences { truncate, windows };

// [CLS] pieces [SEP] a row, end to end. The pieces are those of the words, tokenized one by one
// (is_split_into_words=True). A sentence gives one row, or several (windows), or none (no word gives a
// piece).
struct TokenClassificationFeatures : PackedEncodings {
  std::vector<std::int32_t> labels;          // [tokens], -100: not in the loss; empty without labels
  std::vector<std::int32_t> words;           // [tokens]: which word of its sentence; -1: special tokens
  std::vector<std::int32_t> sentences;       // [rows]
  std::vector<std::int64_t> word_begins{0};  // [sentences + 1]: where the words of a sentence begin among all
  std::vector<std::int32_t> word_labels;     // [words of all sentences]; empty without labels
  std::vector<std::int64_t> word_tokens;  // [words of all sentences]: the token that says its tag: its first
                                          // piece, where it has most context; -1: none (see below)
  std::int64_t cut_sentences = 0, cut_words = 0;  // truncated ones, and the words that no token is left of
  std::int64_t empty_words = 0;                   // words without a piece (control characters alone)
  std::int64_t windowed_sentences = 0;
  std::int64_t first_cut = -1;                 // the first of cut_sentences
  std::vector<std::int32_t> sentence_lengths;  // [sentences]: tokens before any cut, special ones included

  std::int64_t rows() const { return static_cast<std::int64_t>(begins.size()) - 1; }
  std::int64_t tokens() const { return begins.back(); }
  // Appends row `index` to a batch, with its labels [tokens] when there are any.
  void add_to(Batch& batch, std::int64_t index) const;
};

// Tokenizes on all cores. `labels` are class ids, one per word of all sentences, or none. Throws UsageError
// for a max_length without room for a piece.
TokenClassificationFeatures make_features(std::span<const data::TaggedSentence> sentences,
                                          std::span<const std::int32_t> labels,
                                          const BertTokenizer& tokenizer, const TokenClassification& task,
                                          LongSentences long_sentences);

// Returns notes on the words of a dataset for a person: those that give no token.
std::vector<std::string> word_notes(const TokenClassificationFeatures& features,
                                    const data::TaggedDataset& dataset, const TokenClassification& task);
// The same, with what was cut, and how much.
std::vector<std::string> feature_notes(const TokenClassificationFeatures& features,
                                       const data::TaggedDataset& dataset, const TokenClassification& task);

// Rows are sentences, or windows of long ones.
class TokenClassificationExamples : public Examples {
 public:
  // Makes examples, without labels when the dataset has none; throws Error for a tag that the task lacks.
  TokenClassificationExamples(const data::TaggedDataset& dataset, const BertTokenizer& tokenizer,
                              const TokenClassification& task, LongSentences long_sentences);
  explicit TokenClassificationExamples(TokenClassificationFeatures features)
      : features_(std::move(features)) {}

  std::int64_t rows() const override { return features_.rows(); }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return features_.begins[static_cast<std::size_t>(rows)];
  }
  void add_to(Batch& batch, std::int64_t row) const override { features_.add_to(batch, row); }
  std::string fingerprint() const override;

  const TokenClassificationFeatures& features() const { return features_; }

 private:
  TokenClassificationFeatures features_;
};

}  // namespace bertune::tasks
