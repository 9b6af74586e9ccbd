// Pre-training as a task: masked language modeling, with or without next-sentence prediction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bertune/tokenizer.h"
#include "data/documents/tokenized_documents.h"
#include "tasks/language_modelling/pretraining.h"
#include "tasks/task.h"

namespace bertune::tasks {

// Metrics: loss (the sum of both losses), masked_lm_loss and perplexity (its exponential), both over masked
// tokens, masked_lm_accuracy, and with pairs next_sentence_loss and next_sentence_accuracy.
struct LanguageModellingTask : Task {
  Objective objective = Objective::mlm_and_nsp;

  std::string_view name() const override { return "language-modelling"; }
  Architecture architecture() const override {
    return objective == Objective::mlm ? Architecture::masked_lm : Architecture::pretraining;
  }
  void describe_head(LoadOptions&) const override {}
  std::string default_metric() const override { return "loss"; }
  std::unique_ptr<Scorer> scorer(const Examples& examples) const override;
};

// The rows of PretrainingExamples. Epochs have as many rows as the first: steps are planned before training,
// and the few that another epoch has more or less are left out, or drawn twice, evenly over the corpus.
class LanguageModellingExamples : public Examples {
 public:
  // `tokenizer` must outlive this.
  LanguageModellingExamples(data::TokenizedDocuments documents, const BertTokenizer& tokenizer,
                            const PretrainingOptions& options);

  std::int64_t rows() const override { return rows_; }
  std::int64_t tokens_of_first(std::int64_t /*rows*/) const override { return 0; }  // unknown until drawn
  void start_epoch(std::int64_t epoch) override;
  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;

 private:
  data::TokenizedDocuments documents_;
  PretrainingExamples examples_;
  std::int64_t rows_ = 0, epoch_ = 0, epoch_rows_ = 0;
};

}  // namespace bertune::tasks
