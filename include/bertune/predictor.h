// Predictor is a trained model that answers: texts in, values out. Const and thread-safe: one for a whole
// program.
//
//     const bertune::Predictor predictor("my-model");
//     const bertune::Prediction answer = predictor.predict({.text = "where is my parcel?"});
//     std::get<bertune::Label>(answer).label;
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/export.h"
#include "bertune/long_text.h"
#include "bertune/model.h"
#include "bertune/prediction.h"
#include "bertune/tokenizer.h"

namespace bertune {

// Options of a Predictor. Unset members take the model folder's values: as in training, or best on its
// validation set.
struct PredictorOptions {
  std::optional<Architecture> architecture = {};  // a head that the weights have, in place of config.json's
  std::filesystem::path base = {};                // of an adapter (LoadOptions::base)
  std::optional<std::int64_t> max_length = {};    // tokens per text
  LongTextOptions long_text = {};                 // of texts with classes, labels or numbers
  std::int64_t batch_size = 64;                   // texts, windows or questions computed at a time
  Precision precision = Precision::fp32;          // of matrix multiplications
  std::optional<double> threshold = {};           // multi-label: the probability above which a label counts
  // Classes and choices: the score below which there is no prediction (Label::abstained). A UsageError for
  // other heads.
  std::optional<double> min_confidence = {};
  std::int64_t top = 1;  // candidates for an answer, or for a mask
  // Options of question answering; by default those of Transformers' run_qa.py if the folder says nothing.
  std::optional<std::int64_t> doc_stride = {}, n_best_size = {}, max_answer_length = {};
  std::optional<double> null_score_diff_threshold = {};
};

// The size of an input, as a prediction reads it.
struct InputSize {
  std::int64_t tokens = 0;            // that the model computes, those of all windows and choices
  std::int64_t windows = 1;           // that a long text or context is read in
  std::int64_t truncated_tokens = 0;  // that are not read
};

class BERTUNE_EXPORT Predictor {
 public:
  // Loads the model. Throws Error for a folder that contains no trained model, or whose head predicts nothing
  // (pre-training), and UsageError for options out of range.
  explicit Predictor(const std::filesystem::path& folder, const PredictorOptions& options = {});
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;
  ~Predictor();

  Architecture architecture() const;
  const BertConfig& config() const;
  const BertTokenizer& tokenizer() const;
  std::int64_t max_length() const;
  std::span<const std::string> labels() const;  // the names of Label::scores and Labels::scores

  // Returns one prediction per input, in order. Texts that are longer than the model reads are truncated,
  // which `truncated` counts, or read in windows (token classification, question answering, and other texts
  // of models that were trained so). Threads: any
  // number may call at once; each has a workspace during the call. Inputs that are computed together change
  // scores by rounding only. Throws UsageError for an input without what the head reads.
  std::vector<Prediction> predict(std::span<const Input> inputs, Truncated* truncated = nullptr) const;
  Prediction predict(const Input& input) const;
  // Returns the size of an input without predicting it, by tokenizing it. Throws as predict() does. Any
  // number of threads may call.
  InputSize size_of(const Input& input) const;

  // Returns a predictor on the same weights, which are not copied, with other options of question answering
  // where they are given. Its predict() throws UsageError for a stride that leaves windows no room.
  Predictor with_answers(std::optional<std::int64_t> doc_stride,
                         std::optional<std::int64_t> max_answer_length) const;

  // Return the bytes of the weights, which all callers share, and of the workspaces that are not in use, one
  // for each call that ran beside others.
  std::size_t weights_bytes() const;
  std::size_t workspace_bytes() const;

 private:
  friend class Explainer;  // which shares the model
  struct Implementation;
  explicit Predictor(std::unique_ptr<const Implementation> implementation);
  std::unique_ptr<const Implementation> implementation_;
};

}  // namespace bertune
