#include "tasks/language_modelling/task.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace bertune::tasks {
namespace {

// Mean loss and share of right answers over what was added.
struct Tally {
  double loss = 0;
  std::int64_t count = 0, right = 0;

  void add(double mean_loss, std::int64_t items) {
    loss += mean_loss * static_cast<double>(items);
    count += items;
  }
  double mean_loss() const { return count > 0 ? loss / static_cast<double>(count) : 0; }
  double accuracy() const { return count > 0 ? static_cast<double>(right) / static_cast<double>(count) : 0; }
};

bool is_largest(std::span<const float> logits, std::int32_t label) {
  return std::ranges::max_element(logits) - logits.begin() == label;
}

class LanguageModellingScorer : public Scorer {
 public:
  explicit LanguageModellingScorer(Objective objective) : objective_(objective) {}

  void add(std::int64_t /*first_row*/, const Batch& batch, const ModelOutput& output) override {
    rows_ += batch.sequences();
    std::vector<std::int32_t> labels;
    std::ranges::copy_if(batch.labels, std::back_inserter(labels),
                         [](auto id) { return id != kIgnoredLabel; });
    masked_.add(output.masked_lm_loss, static_cast<std::int64_t>(labels.size()));
    const std::size_t width = labels.empty() ? 0 : output.logits.size() / labels.size();
    for (std::size_t i = 0; i < labels.size(); ++i)
      masked_.right += is_largest(output.logits.subspan(i * width, width), labels[i]) ? 1 : 0;
    if (objective_ == Objective::mlm) return;
    next_.add(output.next_sentence_loss, batch.sequences());
    for (std::size_t i = 0; i < batch.next_sentence_labels.size(); ++i)
      next_.right +=
          is_largest(output.next_sentence_logits.subspan(2 * i, 2), batch.next_sentence_labels[i]) ? 1 : 0;
  }

  Metrics result() const override {
    Metrics metrics;
    metrics.rows = rows_;
    metrics.headline = {"perplexity", "masked_lm_accuracy", "next_sentence_accuracy"};
    metrics.values = {{"loss", masked_.mean_loss() + next_.mean_loss()},
                      {"masked_lm_loss", masked_.mean_loss()},
                      {"perplexity", std::exp(masked_.mean_loss())},
                      {"masked_lm_accuracy", masked_.accuracy()}};
    if (objective_ == Objective::mlm_and_nsp) {
      metrics.values.emplace_back("next_sentence_loss", next_.mean_loss());
      metrics.values.emplace_back("next_sentence_accuracy", next_.accuracy());
    }
    return metrics;
  }

 private:
  Objective objective_;
  std::int64_t rows_ = 0;
  Tally masked_, next_;
};

}  // namespace

std::unique_ptr<Scorer> LanguageModellingTask::scorer(const Examples& /*examples*/) const {
  return std::make_unique<LanguageModellingScorer>(objective);
}

LanguageModellingExamples::LanguageModellingExamples(data::TokenizedDocuments documents,
                                                     const BertTokenizer& tokenizer,
                                                     const PretrainingOptions& options)
    : documents_(std::move(documents)), examples_(documents_, tokenizer, options) {
  rows_ = epoch_rows_ = examples_.rows(0);
}

void LanguageModellingExamples::start_epoch(std::int64_t epoch) {
  epoch_ = epoch;
  epoch_rows_ = examples_.rows(epoch);
}

void LanguageModellingExamples::add_to(Batch& batch, std::int64_t row) const {
  PretrainingRow made;
  const std::int64_t index = row * epoch_rows_ / rows_;
  examples_.row(epoch_, index, made);
  batch.add(made.input_ids, made.token_type_ids);
  batch.labels.insert(batch.labels.end(), made.labels.begin(), made.labels.end());
  if (examples_.options().objective == Objective::mlm_and_nsp)
    batch.next_sentence_labels.push_back(made.next_sentence_label);
}

std::string LanguageModellingExamples::fingerprint() const {
  const PretrainingOptions& options = examples_.options();
  const std::vector<double> settings = {static_cast<double>(options.objective == Objective::mlm),
                                        static_cast<double>(options.max_length),
                                        options.short_seq_prob,
                                        options.masking.mlm_probability,
                                        static_cast<double>(options.masking.max_predictions),
                                        static_cast<double>(options.masking.whole_word_masking),
                                        static_cast<double>(options.seed)};
  return Fingerprint().add(std::vector<std::uint64_t>{documents_.fingerprint()}).add(settings).text();
}

}  // namespace bertune::tasks
