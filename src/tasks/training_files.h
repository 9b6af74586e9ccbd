// The files that a task reads and their options, whoever asks: the command line, a run, a program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/dataset.h"
#include "bertune/long_text.h"
#include "bertune/sentence_embedding.h"
#include "data/splits/split.h"
#include "data/texts/reader.h"

namespace bertune::tasks {

struct FileOptions : bertune::FileOptions {
  // All but the file of labels, which is of one file. Throws UsageError for a format that there is not, and
  // for a delimiter that is no single character.
  data::ReadOptions read_options(bool labels_required) const;
};

// Options of question answering. Unset values are the trained model's, or the defaults of Transformers'
// run_qa.py.
struct QuestionAnsweringOptions {
  std::optional<std::int64_t> doc_stride = {}, n_best_size = {}, max_answer_length = {};
  std::optional<double> null_score_diff_threshold = {};
  bool version_2_with_negative = false;
};

// Options of learning sentence embeddings.
struct SentenceEmbeddingOptions {
  std::string pooling, loss;                             // empty: by the model and the data
  std::optional<SentenceEmbeddingConfig> of_model = {};  // what the folder of the model to train says
  std::int64_t train_batch_size = 32;
};

// The files of a training run, and all that decides which rows and which labels they give.
struct TrainingFiles {
  std::filesystem::path train, validation, test;  // empty: there is none
  FileOptions data;                               // its file of labels is that of `train`
  std::filesystem::path validation_labels = {}, test_labels = {};
  // Files of corrections of the rows to train on (tasks/corrections.h); empty: none.
  std::filesystem::path exclude = {}, relabel = {};
  bool shuffle_rows = false;  // max_train_rows are drawn from all rows, and not the first ones
  std::int64_t max_train_rows = -1, max_validation_rows = -1, max_test_rows = -1;  // negative: all
  // Share of the training rows held out where no validation file is; 0: none. Unset: a tenth, at most 10,000
  // rows.
  std::optional<double> validation_split = {};
  std::uint64_t seed = 42;  // of what is held out
  bool own_seed = false;    // which is not that of the run
  data::Fold fold;          // with a count, this part of the training file becomes the test set
  std::string fold_column;  // a column that names the folds; empty: there is none
  std::optional<std::int64_t> max_length;        // tokens per text; unset: the task's own default,
  std::optional<std::int64_t> model_max_length;  // or less where the tokenizer's files say so
  bool checks_data = true;  // looks for what a person should know of the rows, which takes time
  bool checks_all = false;  // of large sets too what takes a minute for a million rows

  // Tokens a text where the task takes `usual` by itself.
  std::int64_t length_of(std::int64_t usual, const BertConfig& config) const;

  // Options of single tasks.
  std::string problem_type;       // text classification; empty: by the labels
  LongTextOptions long_text;      // the same
  bool label_all_tokens = false;  // token classification
  QuestionAnsweringOptions question_answering;
  SentenceEmbeddingOptions sentence_embedding;
};

// Names the splits to train, validate and test on if the training file is a JSON object of splits and none is
// named ("data.json#train"); those to validate and to test on only where no files were given for these.
// Returns notes for a person.
std::vector<std::string> name_splits(TrainingFiles& files);

// A labeled file to test a trained model on.
struct TestFile {
  std::filesystem::path path;
  FileOptions data;
  QuestionAnsweringOptions question_answering;
  std::optional<double> threshold;  // of several labels; unset: the model's
  LongTextOptions long_text = {};   // of texts with classes, labels or numbers; unset: the model's
};

}  // namespace bertune::tasks
