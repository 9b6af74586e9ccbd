#include "tasks/token_classification/task.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tasks/token_classification/metrics.h"
#include "tasks/token_classification/prediction.h"
#include "tasks/token_classification/word_predictions.h"

namespace bertune::tasks {
namespace {

class TokenClassificationScorer : public Scorer {
 public:
  TokenClassificationScorer(const TokenClassificationExamples& examples, const TokenClassification& task)
      : features_(examples.features()), task_(task), predictions_(features_, task) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    predictions_.add(first_row, batch, output);
  }
  Metrics result() const override { return token_metrics(features_, predictions_, task_); }

 private:
  const TokenClassificationFeatures& features_;
  const TokenClassification& task_;
  WordPredictions predictions_;
};

// Records are complete when the next sentence begins: the windows of one follow each other.
class TokenClassificationRecorder : public Recorder {
 public:
  TokenClassificationRecorder(const TokenClassificationExamples& examples,
                              const TokenClassificationTask& task, UseRecord use)
      : features_(examples.features()), task_(task), use_(std::move(use)) {}

  RecordForm form() const override {
    return {.outcome = Outcome::tags,
            .labels = task_.labels.id2label(),
            .width = task_.labels.size(),
            .scheme = std::string(to_string(task_.scheme)),
            .unit = "sentence"};
  }

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(task_.labels.size());
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
      const auto row = static_cast<std::size_t>(first_row) + i;
      give_before(features_.sentences[row]);
      ItemRecord& record = current();
      ++record.windows;
      const auto first = static_cast<std::size_t>(batch.cu_seqlens[i]);
      const auto begin = static_cast<std::size_t>(features_.begins[row]);
      const std::size_t tokens = static_cast<std::size_t>(features_.begins[row + 1]) - begin;
      for (std::size_t token = 0; token < tokens; ++token)
        take_word(begin + token, output.logits.subspan((first + token) * width, width), record);
    }
  }
  void finish() override { give_before(static_cast<std::int64_t>(features_.word_begins.size()) - 1); }

 private:
  std::size_t first_word() const { return static_cast<std::size_t>(features_.word_begins[next()]); }
  std::size_t next() const { return static_cast<std::size_t>(next_); }

  void take_word(std::size_t token, std::span<const float> logits, ItemRecord& record) const {
    const std::int32_t word = features_.words[token];
    if (word < 0) return;
    const auto place = static_cast<std::size_t>(word);
    if (features_.word_tokens[first_word() + place] != static_cast<std::int64_t>(token)) return;
    std::ranges::copy(logits, record.logits.begin() + static_cast<std::ptrdiff_t>(place * logits.size()));
  }

  // A word that no token speaks for is predicted to be outside, as its logits say.
  ItemRecord& current() {
    if (record_) return *record_;
    constexpr float kNot = -1e4F;
    record_.emplace(ItemRecord{.item = next_});
    record_->windows = 0;
    record_->tokens = features_.sentence_lengths[next()];
    const auto words = static_cast<std::size_t>(features_.word_begins[next() + 1]) - first_word();
    const auto width = static_cast<std::size_t>(task_.labels.size());
    record_->logits.assign(words * width, kNot);
    for (std::size_t word = 0; word < words; ++word) {
      record_->logits[word * width + static_cast<std::size_t>(task_.outside())] = 0;
      record_->truth.push_back(static_cast<float>(features_.word_labels[first_word() + word]));
    }
    return *record_;
  }

  void give_before(std::int64_t sentence) {
    for (; next_ < sentence; ++next_) {
      use_(std::move(current()));
      record_.reset();
    }
  }

  const TokenClassificationFeatures& features_;
  const TokenClassificationTask& task_;
  UseRecord use_;
  std::int64_t next_ = 0;  // the sentence at hand
  std::optional<ItemRecord> record_;
};

}  // namespace

std::unique_ptr<Recorder> TokenClassificationTask::recorder_of(const TokenClassificationExamples& examples,
                                                               UseRecord use) const {
  return std::make_unique<TokenClassificationRecorder>(examples, *this, std::move(use));
}

std::string TokenClassificationTask::default_metric() const { return default_token_metric(scheme); }

std::unique_ptr<Scorer> TokenClassificationTask::scorer_of(
    const TokenClassificationExamples& examples) const {
  return std::make_unique<TokenClassificationScorer>(examples, *this);
}

Request TokenClassificationTask::request(std::span<const Input> inputs,
                                         const BertTokenizer& tokenizer) const {
  const auto sentences = std::make_shared<OwnSentences>();
  for (const Input& input : inputs) {
    if (input.words.empty()) {
      sentences->add_text(input.text);
    } else {
      sentences->add_words(input.words);
    }
  }
  Request request = request_of(sentences->sentences(), *this, tokenizer);
  request.inputs = sentences;
  return request;
}

}  // namespace bertune::tasks
