// Extractive question answering: how questions and their contexts become windows of tokens.
//
// A row is one window, "[CLS] question [SEP] a part of the context [SEP]". A context that does not fit is cut
// into windows that share `doc_stride` tokens, so that every token of it is in at least one, as Transformers'
// run_qa.py does it (truncation of the second text only, overflowing tokens returned).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/tokenizer.h"
#include "data/questions/question_answering.h"
#include "tasks/task.h"

namespace bertune::tasks {

struct QuestionAnswering {
  std::int64_t max_length = 384;  // tokens of a window, special ones included
  std::int64_t doc_stride = 128;  // tokens that neighboring windows of a context share
};

// The tokens of a context that a window holds, and where they lie in the window and in the context.
struct ContextWindow {
  std::int64_t begin = 0;             // the token of the window that is the first of the context
  std::span<const Span> code_points;  // a span a token of the context
  std::span<const Span> bytes;
};

struct QuestionAnsweringFeatures : PackedEncodings {
  // [rows]: the tokens of the window between which the answer lies, both included; 0 and 0, which is [CLS],
  // where the window does not hold the whole answer or there is none. Empty without labels.
  std::vector<std::int32_t> start_positions, end_positions;
  std::vector<std::int64_t> examples;    // [rows]: the question's number in the dataset
  std::vector<std::int64_t> first_rows;  // [examples + 1]: the windows of the i-th question that was taken
  // The tokens of each context, once, which the windows point into.
  std::vector<Span> code_points, bytes;      // [tokens of all contexts]
  std::vector<std::int64_t> context_tokens;  // [rows]: the first of them that is in the window
  std::vector<std::int32_t> context_begins;  // [rows]: its place in the window
  std::vector<std::string> notes;            // questions that had to be cut

  std::int64_t rows() const { return static_cast<std::int64_t>(begins.size()) - 1; }
  std::int64_t tokens() const { return begins.back(); }
  ContextWindow window(std::int64_t row) const;
  // Appends the tokens of a row to a batch; its positions are the caller's to add.
  void add_to(Batch& batch, std::int64_t row) const;
};

// The questions [first, last) of a dataset.
struct QuestionRange {
  std::int64_t first = 0, last = 0;
};

// Tokenizes each question and each context once, on all cores. With labels, the first answer of a question
// gives the positions. A question so long that its windows could not move on by an eighth of what the stride
// leaves is cut to that length (Transformers stops with an error soon after), and a note counts these. Throws
// UsageError when doc_stride and max_length leave no room.
QuestionAnsweringFeatures make_features(const data::QuestionAnsweringDataset& dataset,
                                        const BertTokenizer& tokenizer, const QuestionAnswering& task,
                                        bool with_labels);
QuestionAnsweringFeatures make_features(const data::QuestionAnsweringDataset& dataset,
                                        const BertTokenizer& tokenizer, const QuestionAnswering& task,
                                        bool with_labels, QuestionRange range);

// Rows are windows.
class QuestionAnsweringExamples : public Examples {
 public:
  QuestionAnsweringExamples(data::QuestionAnsweringDataset dataset, const BertTokenizer& tokenizer,
                            const QuestionAnswering& windows, bool with_labels);

  std::int64_t rows() const override { return features_.rows(); }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    return features_.begins[static_cast<std::size_t>(rows)];
  }
  void add_to(Batch& batch, std::int64_t row) const override;
  std::string fingerprint() const override;

  const data::QuestionAnsweringDataset& dataset() const { return dataset_; }
  const QuestionAnsweringFeatures& features() const { return features_; }

 private:
  data::QuestionAnsweringDataset dataset_;
  QuestionAnsweringFeatures features_;
};

}  // namespace bertune::tasks
