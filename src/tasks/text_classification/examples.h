// Texts and pairs of texts with their labels, as rows of batches.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/config.h"
#include "bertune/tokenizer.h"
#include "data/texts/labels.h"
#include "data/texts/reader.h"
#include "tasks/long_texts.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {

// The settings that turn rows into features.
struct TextClassification {
  ProblemType problem_type = ProblemType::single_label_classification;
  data::LabelMap labels;  // for regression: one name
  std::int64_t max_length = 128;
  LongTextReading long_text = {};
};

// A row of examples of texts in windows. To train, all windows of a text are one row, and
// its loss is that of their pooled logits; to ask, a window is a row, so that memory does not grow with
// texts.
enum class WindowRows { texts, windows };

// The texts of a dataset with their labels.
struct TextClassificationExamples : PackedExamples {
  std::vector<std::int32_t> labels;  // [texts], or empty
  std::vector<float> targets;        // [texts, num_labels], or empty
  std::int64_t num_labels = 1;

  // The windows of texts, where they are read so: text i is the sequences cu_texts[i] .. cu_texts[i + 1].
  // Empty: each text is one sequence.
  std::vector<std::int64_t> cu_texts;
  WindowRows window_rows = WindowRows::windows;
  WindowScore window_score = WindowScore::mean;
  std::vector<TextPlace> places;  // [windows] of texts with several, where they were asked for

  std::int64_t texts() const { return static_cast<std::int64_t>(lengths.size()); }
  bool has_windows() const { return !cu_texts.empty(); }

  std::int64_t rows() const override { return has_rows_of_windows() ? texts() : PackedExamples::rows(); }
  std::int64_t items() const override { return texts(); }
  std::int64_t windows_of(std::int64_t row) const override;
  std::int64_t tokens_of_first(std::int64_t rows) const override;
  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;
  // Adds the tokens of a text to what is recorded of it, those that were left out, and its windows.
  void count_tokens_of_text(std::int64_t text, ItemRecord& record) const;

 private:
  bool has_rows_of_windows() const { return has_windows() && window_rows == WindowRows::texts; }
};

// Tokenizes on all cores and, with labels, maps them (throws Error naming file:line of one that the task
// lacks). Requires single texts, unless they are truncated.
std::unique_ptr<TextClassificationExamples> make_examples(const data::Dataset& dataset,
                                                          const BertTokenizer& tokenizer,
                                                          const TextClassification& task, bool with_labels,
                                                          WindowRows window_rows = WindowRows::windows);
// Sets the places of the windows of texts that have several.
void find_places(const data::Dataset& dataset, const BertTokenizer& tokenizer, const TextClassification& task,
                 TextClassificationExamples& examples);

// Returns some of the rows, with their labels.
std::unique_ptr<TextClassificationExamples> subset(const TextClassificationExamples& examples,
                                                   std::span<const std::int64_t> rows);

EncodeOptions encode_options(const TextClassification& task);

}  // namespace bertune::tasks
