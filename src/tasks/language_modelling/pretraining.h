// The rows of BERT's pre-training, made from tokenized documents while training goes: masked language
// modeling, with next-sentence prediction or without (Devlin et al. 2019, section 3.1 and appendix A.1).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "bertune/tokenizer.h"
#include "data/documents/column.h"
#include "data/documents/tokenized_documents.h"
#include "tasks/language_modelling/masking.h"
#include "tasks/language_modelling/sentence_pairs.h"

namespace bertune::tasks {

enum class Objective { mlm_and_nsp, mlm };

std::string_view to_string(Objective objective);         // "mlm+nsp", "mlm"
Objective objective_from_string(std::string_view name);  // throws UsageError, naming the choices

struct PretrainingOptions {
  Objective objective = Objective::mlm_and_nsp;
  std::int64_t max_length = 128;  // tokens per row, special ones included
  double short_seq_prob = 0.1;    // share of the pairs that are made shorter; pairs only
  MaskingOptions masking = {};
  std::uint64_t seed = 42;
};

// One row. Vectors are [tokens]; a batch is rows end to end.
struct PretrainingRow {
  std::vector<std::int32_t> input_ids;       // [CLS] A [SEP] B [SEP], or [CLS] A [SEP]
  std::vector<std::int32_t> token_type_ids;  // 1 for B and its [SEP]
  std::vector<std::int32_t> labels;          // the original id where the model is to predict it, else -100
  std::int32_t next_sentence_label = 0;  // 0: B follows A, 1: it does not, as in Transformers; 0 without B
};

// Rows are drawn again for every epoch, and each is a pure function of documents, options, epoch and index: a
// resumed run needs no state, and threads and order change nothing. Documents come in order, so an epoch
// wants shuffling (train::epoch_order). Safe to call from many threads.
class PretrainingExamples {
 public:
  // Returns the most tokens to which a sentence should be cut when documents are tokenized: with pairs, half
  // of a row, so that A and B both fit; blocks take sentences of any length.
  static std::int64_t max_sentence_tokens(const PretrainingOptions& options);

  // `documents` are tokenized by `tokenizer`; both must outlive this. Throws UsageError for options out of
  // range, and Error for too few documents.
  PretrainingExamples(const data::TokenizedDocuments& documents, const BertTokenizer& tokenizer,
                      const PretrainingOptions& options);

  // Returns how many rows an epoch has; differs a little from epoch to epoch. The tokens that its rows are
  // made of are chosen on all cores when an epoch is first asked for (a second for some hundred million
  // tokens) and kept, 24 bytes per row, until another epoch is.
  std::int64_t rows(std::int64_t epoch) const;
  // Row `index` of the epoch: copied and masked, some microseconds. `row` keeps its memory from call to call.
  void row(std::int64_t epoch, std::int64_t index, PretrainingRow& row) const;

  const PretrainingOptions& options() const { return options_; }

 private:
  struct Plan {
    std::int64_t epoch = -1;
    data::Column<RowTokens> rows;  // in a file where the documents are in files
  };
  std::shared_ptr<const Plan> plan(std::int64_t epoch) const;
  Plan make_plan(std::int64_t epoch) const;
  std::vector<RowTokens> rows_of(std::int64_t epoch, std::int64_t first, std::int64_t end) const;
  std::int64_t room() const;  // for tokens of the text, in a row

  const data::TokenizedDocuments& documents_;
  PretrainingOptions options_;
  Masking masking_;
  std::int32_t cls_, sep_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Plan> plan_;
  mutable std::atomic<std::int64_t> drawn_ = 0;  // rows since pages were released
};

}  // namespace bertune::tasks
